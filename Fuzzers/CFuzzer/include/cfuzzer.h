#ifndef TRAINER_CFUZZER_H
#define TRAINER_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's entrance for programs that have a main of their own.
int LLVMFuzzerRunDriver(int *argument_count, char ***arguments, int (*callback)(const uint8_t *data, size_t size));

#endif
