#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdbool.h>

/// How often the calling thread has asked for memory so far.
long allocation_count(void);

/// Whether allocations are counted: not under a sanitizer, which has an allocator of its own.
bool allocations_are_counted(void);

#endif
