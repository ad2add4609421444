// What it costs to pass work from core to core, on each two of the first cores that the process may use: the two numbers
// that scripts/cores-model needs and that no timing of the trainer gives alone.
//
//   clang -O2 -mavx2 -pthread Benchmarks/crossing.c -o crossing && ./crossing
//
// A counter: the time until another core sees that it was raised. Bytes: how fast a core reads what another has just
// written, and once more when it has them itself. Medians, since machines are shared.
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { rounds = 301, turns = 200, most_cores = 4 };
static const size_t sizes[] = {64 << 10, 256 << 10, 1 << 20, 4 << 20};
enum { size_count = sizeof sizes / sizeof *sizes };

static _Alignas(128) atomic_int counter;
static float *shared;
static int places[most_cores];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void stay(int place) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(places[place], &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void wait_for(int value) {
  while (atomic_load_explicit(&counter, memory_order_acquire) < value) _mm_pause();
}

static void raise_to(int value) { atomic_store_explicit(&counter, value, memory_order_release); }

static int ascending(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *values) {
  qsort(values, rounds, sizeof *values, ascending);
  return values[rounds / 2];
}

static __attribute__((noinline)) float sum(const float *from, size_t count) {
  __m256 sums[4] = {0};
  for (size_t i = 0; i < count; i += 32)
    for (int k = 0; k < 4; k++) sums[k] = _mm256_add_ps(sums[k], _mm256_load_ps(from + i + 8 * k));
  return _mm256_cvtss_f32(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

// Answers the other thread's odd numbers with even ones, having written the buffer where a round is about bytes.
static void *answer(void *place) {
  stay(*(int *)place);
  int value = 0;
  for (int round = 0; round < rounds; round++)
    for (int turn = 0; turn < turns; turn++) wait_for(++value), raise_to(++value);
  for (int size = 0; size < size_count; size++)
    for (int round = 0; round < rounds; round++) {
      wait_for(++value);
      for (size_t i = 0; i < sizes[size] / sizeof *shared; i++) shared[i] = (float)(round + (int)i);
      raise_to(++value);
    }
  return NULL;
}

static void measure(int other) {
  static double first[rounds], again[rounds];
  volatile float kept = 0;
  pthread_t thread;
  atomic_store(&counter, 0);
  if (pthread_create(&thread, NULL, answer, &other)) exit(1);
  int value = 0;
  for (int round = 0; round < rounds; round++) {
    const double begin = now();
    for (int turn = 0; turn < turns; turn++) raise_to(++value), wait_for(++value);
    first[round] = (now() - begin) / turns / 2;
  }
  printf("cores %d and %d: a counter is seen after %.0f ns\n", places[0], places[other], 1e9 * median(first));
  for (int size = 0; size < size_count; size++) {
    for (int round = 0; round < rounds; round++) {
      raise_to(++value), wait_for(++value);
      const double begin = now();
      kept += sum(shared, sizes[size] / sizeof *shared);
      const double middle = now();
      kept += sum(shared, sizes[size] / sizeof *shared);
      first[round] = middle - begin, again[round] = now() - middle;
    }
    printf("  %4zu KB of the other's: %.1f GB/s, again %.1f GB/s\n", sizes[size] >> 10,
           (double)sizes[size] / median(first) / 1e9, (double)sizes[size] / median(again) / 1e9);
  }
  pthread_join(thread, NULL);
}

int main(void) {
  cpu_set_t set;
  int count = 0;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  for (int core = 0; core < CPU_SETSIZE && count < most_cores; core++)
    if (CPU_ISSET(core, &set)) places[count++] = core;
  if (count < 2) return fprintf(stderr, "error: there is one core, and crossing takes two\n"), 1;
  shared = aligned_alloc(4096, sizes[size_count - 1]);
  if (!shared) return 1;
  stay(0);
  for (int other = 1; other < count; other++) measure(other);
  free(shared);
  return 0;
}
