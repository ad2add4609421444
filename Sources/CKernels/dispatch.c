#include "ckernels.h"
#include "tables.h"

static ck_isa available[3];
static int count;

__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    available[count++] = (ck_isa){"avx512", &ck_f32_avx512, &ck_f64_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    available[count++] = (ck_isa){"avx2", &ck_f32_avx2, &ck_f64_avx2};
#endif
  available[count++] = (ck_isa){"plain", &ck_f32_plain, &ck_f64_plain};
}

const char *ck_unary_name(ck_unary_function function) {
  static const char *const names[] = {
#define UNARY(name, expression) #name,
#include "functions.inc"
  };
  return names[function];
}

const char *ck_binary_name(ck_binary_function function) {
  static const char *const names[] = {
#define BINARY(name, expression) #name,
#include "functions.inc"
  };
  return names[function];
}

const char *ck_reduction_name(ck_reduction function) {
  static const char *const names[] = {
#define REDUCTION(name, first, join) #name,
#include "functions.inc"
  };
  return names[function];
}

const ck_isa *ck_available(int index) { return &available[index]; }
int ck_available_count(void) { return count; }
