#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prfchw"))),            \
                             apply_to = function)
#define CK_ISA avx512
#define CK_VECTOR_BYTES 64
#define CK_HAS_FMA 1
#define CK_CLAIMS 1
#define CK_MASKS 512
#define CK_TILE_ROWS 6
#define CK_TILE_VECTORS 4
#define CK_TREE_PANELS 1
#define CK_LANES_ROWS 4
#define CK_LANES_COLUMNS 6
#include "all_types.inc"
#pragma clang attribute pop
#endif
