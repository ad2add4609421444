#define _GNU_SOURCE
#include "ckernels.h"

#if defined(__linux__)
#include <sched.h>

_Static_assert(sizeof(ck_cores) == sizeof(cpu_set_t), "a set of cores is the system's");

int ck_affinity_cores(void) {
  cpu_set_t mask;
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

int ck_thread_cores(ck_cores *cores) { return sched_getaffinity(0, sizeof *cores, (cpu_set_t *)cores) == 0; }

int ck_set_thread_cores(const ck_cores *cores) {
  return sched_setaffinity(0, sizeof *cores, (const cpu_set_t *)cores) == 0;
}

int ck_core(const ck_cores *cores, int index) {
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, (const cpu_set_t *)cores) && index-- == 0) return core;
  return -1;
}

void ck_only_core(ck_cores *cores, int core) {
  CPU_ZERO((cpu_set_t *)cores);
  CPU_SET(core, (cpu_set_t *)cores);
}
#else
int ck_affinity_cores(void) { return 0; }
int ck_thread_cores(ck_cores *cores) { return 0; }
int ck_set_thread_cores(const ck_cores *cores) { return 0; }
int ck_core(const ck_cores *cores, int index) { return -1; }
void ck_only_core(ck_cores *cores, int core) {}
#endif
