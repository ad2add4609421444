// The tables that the isa_*.c files define.
#ifndef TRAINER_CKERNELS_TABLES_H
#define TRAINER_CKERNELS_TABLES_H

#include "ckernels.h"

#if defined(__x86_64__)
extern const ck_table ck_f32_avx2, ck_f32_avx512;
extern const ck_table ck_f64_avx2, ck_f64_avx512;
#endif
extern const ck_table ck_f32_plain;
extern const ck_table ck_f64_plain;

#endif
