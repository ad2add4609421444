#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#define CK_ISA avx2
#define CK_VECTOR_BYTES 32
#define CK_HAS_FMA 1
#define CK_CLAIMS 1
#define CK_MASKS 256
#define CK_TILE_ROWS 6
#define CK_TILE_VECTORS 2
#define CK_TREE_PANELS 4
#define CK_LANES_ROWS 4
#define CK_LANES_COLUMNS 3
#include "all_types.inc"
#pragma clang attribute pop
#endif
