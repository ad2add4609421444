// The baseline of the platform: SSE2 without fused multiply-add on x86-64, NEON with it on 64-bit ARM.
#define CK_ISA plain
#define CK_VECTOR_BYTES 16
#define CK_MASKS 0
#define CK_TILE_VECTORS 2
#define CK_TREE_PANELS 8
#define CK_LANES_ROWS 4
#define CK_LANES_COLUMNS 3
#if defined(__aarch64__)
#define CK_HAS_FMA 1
#define CK_CLAIMS 1
#define CK_TILE_ROWS 8
#else
#define CK_HAS_FMA 0
#define CK_CLAIMS 0
#define CK_TILE_ROWS 4
#endif
#include "all_types.inc"
