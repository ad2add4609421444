#ifndef TRAINER_CCRYPTO_H
#define TRAINER_CCRYPTO_H

#include <openssl/evp.h>

#endif
