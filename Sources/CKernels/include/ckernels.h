// Kernels that need a run-time choice of instruction set.
//
// Every kernel is written once, in the .inc files, for an element type and an instruction set given by macros;
// isa_*.c compile them for each instruction set, and ck_available() tells which of them
// this processor runs. No kernel allocates, and none's result depends on a buffer's address: sums have one fixed order.
#ifndef TRAINER_CKERNELS_H
#define TRAINER_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// The functions of functions.inc: places in the tables below, and cases of Swift's enumerations.
#define CK_CASES __attribute__((enum_extensibility(closed)))
typedef enum CK_CASES ck_unary_function {
#define UNARY(name, expression) ck_unary_##name __attribute__((swift_name(#name))),
#include "../functions.inc"
} ck_unary_function;
typedef enum CK_CASES ck_binary_function {
#define BINARY(name, expression) ck_binary_##name __attribute__((swift_name(#name))),
#include "../functions.inc"
} ck_binary_function;
typedef enum CK_CASES ck_reduction {
#define REDUCTION(name, first, join) ck_reduction_##name __attribute__((swift_name(#name))),
#include "../functions.inc"
} ck_reduction;

// How many there are.
enum {
#define UNARY(name, expression) +1
  ck_unary_count = 0
#include "../functions.inc"
  ,
#define BINARY(name, expression) +1
  ck_binary_count = 0
#include "../functions.inc"
  ,
#define REDUCTION(name, first, join) +1
  ck_reduction_count = 0
#include "../functions.inc"
};

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// The kernels of one instruction set for one element type T, float or double: every `void *` points to T, except where
// a comment says otherwise. `n` counts elements; `out` of an element-wise kernel may equal an input. One type for both
// element types lets generic code call either.
typedef void (*ck_unary)(ptrdiff_t n, const void *x, void *out);
typedef void (*ck_binary)(ptrdiff_t n, const void *x, const void *y, void *out);
/* out[o, i] = what joins x[o, r, i] over r: x is [outer, count, inner]. */
typedef void (*ck_reduce)(ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, const void *x, void *out);

// The names of the functions, as Swift has them.
const char *ck_unary_name(ck_unary_function function);
const char *ck_binary_name(ck_binary_function function);
const char *ck_reduction_name(ck_reduction function);

/* The extents of up to three axes; those that there are not are 1. */
typedef struct ck_extents {
  ptrdiff_t depth, height, width;
} ck_extents;

/* Windows over samples that lie x_sample elements apart: element k of window r of a sample is x[from[r] + at[k]]. What is
   computed of window r goes to out[to[r]] of the sample, or, where `to` is null, to out[r * out_row]; samples of out lie
   out_sample apart. See Note [Windows] in windows.inc. */
typedef struct ck_windows {
  ptrdiff_t samples, places, taps;
  const int32_t *from;
  const int32_t *at;
  ptrdiff_t x_sample;
  const int32_t *_Nullable to;
  ptrdiff_t out_sample, out_row;
  /* Whether no element is in two windows, which max_pool_scatter then need not add up. */
  int is_disjoint;
} ck_windows;

/* Memory that is going to be written: `count` pieces of so many bytes, each `stride` bytes behind the one before. */
typedef struct ck_stretch {
  const void *_Nullable first;
  ptrdiff_t bytes, stride, count;
} ck_stretch;

typedef struct ck_table {
  /* Lanes of a vector; columns of one packed panel and rows of one register tile, of gemm; columns that product_tree
     computes at a time. */
  ptrdiff_t lanes, panel_columns, tile_rows, tree_columns;
  ck_unary _Nonnull unary[ck_unary_count];
  ck_binary _Nonnull binary[ck_binary_count];
  ck_reduce _Nonnull reductions[ck_reduction_count];
  /* out = x. */
  ck_unary copy;
  /* out = c ? x : y; c counts as true where it is not zero. */
  void (*select)(ptrdiff_t n, const void *c, const void *x, const void *y, void *out);
  void (*fill)(ptrdiff_t n, double value, void *out);
  /* Over the last axis of x [rows, columns]: softmax, log-softmax [rows, columns]; logsumexp, argmax [rows]. */
  void (*softmax)(ptrdiff_t rows, ptrdiff_t columns, const void *x, void *out);
  void (*log_softmax)(ptrdiff_t rows, ptrdiff_t columns, const void *x, void *out);
  void (*logsumexp)(ptrdiff_t rows, ptrdiff_t columns, const void *x, void *out);
  void (*argmax)(ptrdiff_t rows, ptrdiff_t columns, const void *x, void *out);
  /* Over the last axis of x [rows, columns], with index [rows] a class (none if it is outside): logsumexp(x) - x[index]
     [rows], and softmax(x) less 1 at the class [rows, columns]. */
  void (*cross_entropy)(ptrdiff_t rows, ptrdiff_t columns, const void *x, const void *index, void *out);
  void (*softmax_residual)(ptrdiff_t rows, ptrdiff_t columns, const void *x, const void *index, void *out);
  /* Elements start ..< start + n of an array of that shape, whose element at some coordinates is x[coordinates .
   * strides]. */
  void (*strided_copy)(ptrdiff_t start, ptrdiff_t n, ptrdiff_t rank, const ptrdiff_t *shape, const ptrdiff_t *strides,
                       const void *x, void *out);
  /* The array x of that shape, its element at some coordinates stored at out[coordinates . strides]. */
  void (*strided_store)(ptrdiff_t rank, const ptrdiff_t *shape, const ptrdiff_t *strides, const void *x, void *out);
  /* out[o, i, :] = x[o, index[i], :] of x [outer, extent, inner], index and out counting `count`; and out = 0, then
     out[o, index[i], :] += x[o, i, :] in ascending i. Negative indices count from the end; one that is no whole number
     in range gives NaN, or is left out. */
  void (*gather)(ptrdiff_t outer, ptrdiff_t extent, ptrdiff_t inner, ptrdiff_t count, const void *index, const void *x,
                 void *out);
  void (*scatter_add)(ptrdiff_t outer, ptrdiff_t extent, ptrdiff_t inner, ptrdiff_t count, const void *index,
                      const void *x, void *out);
  /* The same of one block of rows of the result, which is not cleared; out may be null. Returns the rows of x added. */
  ptrdiff_t (*scatter_rows)(ptrdiff_t extent, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t count,
                            const void *index, const void *x, void *_Nullable out);
  /* out[r, j] = 1 where j is index[r] with its fraction cut off, else 0. */
  void (*one_hot)(ptrdiff_t rows, ptrdiff_t count, const void *index, void *out);
  /* c[m, n] = a[m, k] b[k, n], plus bias[n] unless it is null, and zero where below it if is_relu; one stride of a
     is 1, and c with rows ldc apart. Each element is one chain of multiply-adds over k in ascending order, or, where n
     is small and k large and rows of a are contiguous, one for each of 64 bytes' lanes; neither depends on m or on how
     the product is tiled. With b_column = 0, b is what pack_right has left. `scratch` has room for (k + 16) *
     max(panel_columns, 16)
     + k * (m rounded up to tile_rows) elements. */
  void (*gemm)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_column, const void *b,
               ptrdiff_t b_row, ptrdiff_t b_column, void *c, ptrdiff_t ldc, const void *_Nullable bias, int is_relu,
               void *scratch);
  /* to[j, i] = from[i, j] of a matrix [rows, columns]; rows lie from_step and to_step apart. */
  void (*transpose_matrix)(ptrdiff_t rows, ptrdiff_t columns, const void *from, ptrdiff_t from_step, void *to,
                           ptrdiff_t to_step);
  /* Part of b [k, n], rows row ..< row + rows of columns column ..< column + columns, where `b` points to its first
     element, put where gemm finds it in `out`, which has room for (k + 16) * (n rounded up to panel_columns). */
  void (*pack_right)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns,
                     const void *b, ptrdiff_t b_row, ptrdiff_t b_column, void *out);
  /* Lines that pack_right writes of it, all or most: `count` is 0 where that is no whole lines. */
  ck_stretch (*packed_places)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column,
                              ptrdiff_t columns, const void *out);
  /* b [k, n] in panels of panel_columns columns one after the other, each [k, panel_columns]. */
  void (*pack_panels)(ptrdiff_t n, ptrdiff_t k, const void *b, ptrdiff_t b_row, ptrdiff_t b_column, void *out);
  /* out[m, n] = scale * the sum over s of a_s[depth_s, m] transposed times b_s[depth_s, n], each one chain over the depth, by
     the binary tree in which neighbours at distance 1 are added, then at distance 2, 4 and so on. Rows of every a_s are
     a_row apart; b_s is in panels if n exceeds panel_columns. `scratch` has room for max(m, panel_columns) *
     tree_columns * (2 + log2 shards) elements. In the meantime `stretches` stretches are asked for, to be written
     afterwards: see Note [Claimed lines] in claims.inc. */
  void (*product_tree)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t shards, const ptrdiff_t *depth,
                       const void *_Nonnull const *_Nonnull a, ptrdiff_t a_row, const void *_Nonnull const *_Nonnull b,
                       double scale, void *out, void *scratch, const ck_stretch *_Nullable written,
                       ptrdiff_t stretches);
  /* x [samples, extents, channels] copied to where `before` says in out, of the extents `to`, whose other elements become
     `edge`. */
  void (*pad)(ptrdiff_t samples, ck_extents extents, ck_extents before, ck_extents to, ptrdiff_t channels, double edge,
              const void *x, void *out);
  /* What pad has put between edges, taken out again: `from` are the extents with them. */
  void (*unpad)(ptrdiff_t samples, ck_extents extents, ck_extents before, ck_extents from, ptrdiff_t channels,
                const void *x, void *out);
  /* Rows row ..< row + rows of filters b [k, n], where `b` points to the first of them, put where convolve finds them in
     `out`, which has room for k * (n rounded up to panel_columns). */
  void (*pack_filters)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t row, ptrdiff_t rows, const void *b, ptrdiff_t b_row,
                       ptrdiff_t b_column, void *out);
  /* Each window of x times filters [taps, n], n numbers, plus bias[n] unless it is null, and zero where below it if
     is_relu: one chain over the taps. */
  void (*convolve)(const ck_windows *windows, ptrdiff_t n, const void *x, const void *filters,
                   const void *_Nullable bias, int is_relu, void *out);
  /* c[taps, n] = the sum over all windows of their elements times rows of b [samples * places, n], each one chain, which
     begins with what c has if it `continues`. Rows of b and of c lie b_row and ldc apart. `scratch` has room for
     samples * places * panel_columns elements. */
  void (*filter_gradient)(const ck_windows *windows, ptrdiff_t n, const void *x, const void *b, ptrdiff_t b_row, void *c,
                          ptrdiff_t ldc, int continues, void *scratch);
  /* The same of each channel by itself: filters are [taps, channels], results [channels] a window, b [samples * places,
     channels], and the distances `at` leave the channel out. */
  void (*convolve_channels)(const ck_windows *windows, ptrdiff_t channels, const void *x, const void *filters,
                            const void *_Nullable bias, int is_relu, void *out);
  void (*channel_filter_gradient)(const ck_windows *windows, ptrdiff_t channels, const void *x, const void *b, void *c,
                                  int continues);
  /* out = the largest element of each window and channel, NaN if one is; y of each window added to where the first such
     element is in `out`, which is of the extents of x and else 0; and what is at those places in y, of the extents of x. */
  void (*max_pool)(const ck_windows *windows, ptrdiff_t channels, const void *x, void *out);
  void (*max_pool_scatter)(const ck_windows *windows, ptrdiff_t channels, const void *x, const void *y, void *out);
  void (*max_pool_gather)(const ck_windows *windows, ptrdiff_t channels, const void *x, const void *y, void *out);
  /* out = the sum of the elements of each window r and channel, times shares[r]; and y of each window times its share
     added to all places of the window in `out`, which is of the extents of x and else 0. */
  void (*mean_pool)(const ck_windows *windows, ptrdiff_t channels, const void *x, const void *shares, void *out);
  void (*mean_pool_scatter)(const ck_windows *windows, ptrdiff_t channels, const void *y, const void *shares,
                            void *out);
  /* 12 n multiply-adds of vectors, as fast as they can be done; the result is of no use. */
  double (*multiply_adds)(ptrdiff_t n);
  /* out[r, :] = x[index[r], :] * scale + offset, converted, for r below `rows`; x has rows of `width` elements, of
     which the first `columns` are taken; scale and offset have `columns` elements. Then `index` names `following` rows
     that will be wanted next: the memory of the first of them is asked for. */
  void (*gather_bytes)(ptrdiff_t rows, ptrdiff_t following, ptrdiff_t columns, ptrdiff_t width, const void *x,
                       const int64_t *index, const void *scale, const void *offset, void *out);
  void (*gather_rows)(ptrdiff_t rows, ptrdiff_t following, ptrdiff_t columns, ptrdiff_t width, const void *x,
                      const int64_t *index, const void *scale, const void *offset, void *out);
  /* Replaces n numbers by their images under a permutation of 0 ..< count, count <= ab and below 2^52: a Feistel
     network of an even number of rounds on pairs (x % a, x / a), walked until it lands below count. */
  void (*permute)(ptrdiff_t n, int64_t count, uint32_t a, uint32_t b, const uint32_t *keys, ptrdiff_t rounds,
                  int64_t *x);
  /* Bernoulli mask: out[i] = 1 / (1 - rate) with probability 1 - rate, else 0, from Philox(key, first + i). */
  void (*dropout_mask)(ptrdiff_t n, uint64_t seed, uint64_t stream, uint64_t first, double rate, void *out);
  /* Numbers of the normal distribution with mean 0, each a pure function of (seed, stream, first + i). */
  void (*normal_noise)(ptrdiff_t n, uint64_t seed, uint64_t stream, uint64_t first, double deviation, void *out);
  /* y += a * x. */
  void (*axpy)(ptrdiff_t n, double a, const void *x, void *y);
  /* y = a * x + b * y. */
  void (*axpby)(ptrdiff_t n, double a, const void *x, double b, void *y);
  /* out = a * x, out = x + a. */
  void (*scale)(ptrdiff_t n, double a, const void *x, void *out);
  void (*offset)(ptrdiff_t n, double a, const void *x, void *out);
  /* y = a * x * x + b * y. */
  void (*square_axpby)(ptrdiff_t n, double a, const void *x, double b, void *y);
  /* out = a * x / (b * sqrt(y) + c). */
  void (*root_quotient)(ptrdiff_t n, double a, const void *x, double b, const void *y, double c, void *out);
  /* out = x limited to -bound ... bound; NaN stays. */
  void (*clamp)(ptrdiff_t n, double bound, const void *x, void *out);
  /* out = scale * the sum of n elements each of slots that lie `stride` apart, by the tree of product_tree. */
  void (*tree_sum)(ptrdiff_t n, ptrdiff_t slots, ptrdiff_t stride, const void *x, double scale, void *out);
  /* The sum of n elements, and of n products, in double precision, in a fixed order. */
  double (*total)(ptrdiff_t n, const void *x);
  double (*dot)(ptrdiff_t n, const void *x, const void *y);
  /* 1 if every element is finite, else 0. */
  int (*all_finite)(ptrdiff_t n, const void *x);
} ck_table;

// A table's entry; Swift sees arrays of C as tuples.
static inline ck_unary ck_unary_kernel(const ck_table *table, ck_unary_function function) {
  return table->unary[function];
}
static inline ck_binary ck_binary_kernel(const ck_table *table, ck_binary_function function) {
  return table->binary[function];
}
static inline ck_reduce ck_reduction_kernel(const ck_table *table, ck_reduction function) {
  return table->reductions[function];
}

// An instruction set that the kernels are compiled for.
typedef struct ck_isa {
  const char *name;
  const ck_table *f32;
  const ck_table *f64;
} ck_isa;

// The instruction sets that this processor runs and that the environment lets it use, best first, and how many they are
// (at least one). The environment names the best of them that may be used.
#define CK_ISA_VARIABLE "TRAINER_ISA"
const ck_isa *ck_available(int index);
int ck_available_count(void);

// Counter-based random numbers: Philox4x32-10 (Salmon et al., 2011). `counter` and `out` have 4 words, `key` 2.
void ck_philox(const uint32_t *counter, const uint32_t *key, uint32_t *out);

// The cores that this process may run on; 0 if that cannot be told.
int ck_affinity_cores(void);

// A set of cores: those that a thread may run on.
typedef struct ck_cores {
  unsigned long bits[16];
} ck_cores;

// Reads and sets the calling thread's cores; 0 if that cannot be done.
int ck_thread_cores(ck_cores *cores);
int ck_set_thread_cores(const ck_cores *cores);
// The number of the index-th core of a set, from 0; -1 if it has no more.
int ck_core(const ck_cores *cores, int index);
// Makes a set of one core.
void ck_only_core(ck_cores *cores, int core);

// Makes this thread's arithmetic take subnormal numbers for zero, and give zero in their place, or no longer; returns
// whether it did before.
static inline int ck_flush_subnormals(int on) {
#if defined(__x86_64__)
  const unsigned bits = 0x8040, mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(on ? mode | bits : mode & ~bits);
  return (mode & bits) == bits;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  const uint64_t bit = (uint64_t)1 << 24, next = on ? mode | bit : mode & ~bit;
  __asm__ volatile("msr fpcr, %0" : : "r"(next));
  return (mode & bit) != 0;
#else
  return on;
#endif
}

// Tells the processor that this thread spins.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
