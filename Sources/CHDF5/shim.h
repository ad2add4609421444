#ifndef TRAINER_CHDF5_H
#define TRAINER_CHDF5_H

#include <hdf5.h>

#endif
