#ifndef TRAINER_CZLIB_H
#define TRAINER_CZLIB_H

#include <zlib.h>

#endif
