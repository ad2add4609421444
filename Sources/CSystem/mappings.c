#define _GNU_SOURCE
#include "csystem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { most_mappings = 256 };
enum { is_free, is_changing, is_noted };

struct mapping {
  atomic_int state;
  uintptr_t start, end, rows;
  size_t row_byte_count;
  char *before, *after;
  int exit_code;
};

static struct mapping mappings[most_mappings];
static struct sigaction previous;
static atomic_flag is_ending = ATOMIC_FLAG_INIT;

int cs_note_mapping(
    const void *start, size_t byte_count, const void *rows, size_t row_byte_count, const char *before, const char *after,
    int exit_code) {
  for (int number = 0; number < most_mappings; number++) {
    struct mapping *mapping = &mappings[number];
    int expected = is_free;
    if (!atomic_compare_exchange_strong(&mapping->state, &expected, is_changing)) continue;
    mapping->before = strdup(before);
    mapping->after = strdup(after);
    if (!mapping->before || !mapping->after) {
      free(mapping->before);
      free(mapping->after);
      atomic_store(&mapping->state, is_free);
      return -1;
    }
    mapping->start = (uintptr_t)start;
    mapping->end = mapping->start + byte_count;
    mapping->rows = (uintptr_t)rows;
    mapping->row_byte_count = row_byte_count > 0 ? row_byte_count : 1;
    mapping->exit_code = exit_code;
    atomic_store(&mapping->state, is_noted);
    return number;
  }
  return -1;
}

void cs_forget_mapping(int number) {
  if (number < 0 || number >= most_mappings) return;
  struct mapping *mapping = &mappings[number];
  atomic_store(&mapping->state, is_changing);
  free(mapping->before);
  free(mapping->after);
  atomic_store(&mapping->state, is_free);
}

// All below runs in the handler: only what is safe there.

static void say(const char *text, size_t count) {
  while (count > 0) {
    const ssize_t written = write(STDERR_FILENO, text, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    count -= (size_t)written;
  }
}

static void say_number(uintptr_t number) {
  char digits[24];
  size_t place = sizeof digits;
  do {
    digits[--place] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  say(digits + place, sizeof digits - place);
}

static void handle(int number, siginfo_t *info, void *context) {
  (void)context;
  const uintptr_t address = (uintptr_t)info->si_addr;
  // One that was sent by a program has no address.
  const int is_sent = info->si_code <= 0;
  for (int index = 0; index < most_mappings && !is_sent; index++) {
    const struct mapping *mapping = &mappings[index];
    if (atomic_load(&mapping->state) != is_noted || address < mapping->start || address >= mapping->end) continue;
    // Several workers may come here; one sentence is enough.
    while (atomic_flag_test_and_set(&is_ending)) pause();
    say(mapping->before, strlen(mapping->before));
    say_number(address > mapping->rows ? (address - mapping->rows) / mapping->row_byte_count : 0);
    say(mapping->after, strlen(mapping->after));
    _exit(mapping->exit_code);
  }
  // The same instruction faults again, and is then handled as it was before.
  sigaction(number, &previous, NULL);
  if (is_sent) raise(number);
}

int cs_handle_lost_mappings(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, &previous) == 0 ? 0 : errno;
}
