#include "ckernels.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

static ck_isa available[3];
// All that the processor runs, and the first of them that may be used.
static int count, first;

// Leaves out what is better than the one that the environment names; a name that is none of them changes nothing.
static void cap(const char *name) {
  for (int index = 0; name && index < count; ++index)
    if (strcmp(name, available[index].name) == 0) first = index;
}

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
  cap(getenv(CK_ISA_VARIABLE));
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

const ck_isa *ck_available(int index) { return &available[first + index]; }
int ck_available_count(void) { return count - first; }
