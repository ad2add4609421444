// What the programs that time kernels alone share.
#ifndef TRAINER_BENCHMARKS_KERNELS_H
#define TRAINER_BENCHMARKS_KERNELS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ckernels.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static float *numbers(ptrdiff_t count) {
  float *memory = aligned_alloc(4096, ((size_t)count * sizeof(float) + 8191) / 4096 * 4096);
  if (!memory) exit(1);
  for (ptrdiff_t i = 0; i < count; i++) memory[i] = (float)((i * 2654435761u >> 16) & 1023) / 1024 - 0.5f;
  return memory;
}

// Seconds of `statement`, the least of as many repetitions as fit a fifth of a second.
#define LEAST(statement)                                                                                               \
  ({                                                                                                                   \
    double least = 1e9, end = now() + 0.2;                                                                             \
    int count = 1;                                                                                                     \
    do {                                                                                                               \
      const double begin = now();                                                                                      \
      for (int turn = 0; turn < count; turn++) statement;                                                              \
      const double seconds = (now() - begin) / count;                                                                  \
      if (seconds < least) least = seconds;                                                                            \
      if (seconds * count < 1e-4) count *= 2;                                                                          \
    } while (now() < end);                                                                                             \
    least;                                                                                                             \
  })

// One core's peak by an instruction set, in G flop/s.
static double peak_of(const ck_table *table) {
  const double seconds = LEAST(table->multiply_adds(2000));
  return 12 * 2000 * 2.0 * (double)table->lanes / seconds / 1e9;
}

#endif
