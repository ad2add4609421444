// What Swift cannot do: fork, prctl with its variable arguments, and a handler that is told an address.
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/// Starts a program that does not outlive the thread that calls this: the system kills it then, whatever ended the
/// caller.
///
/// It has the given descriptors as its standard input, output and error, none of which may be below 3 unless it stays what
/// it is. Signals of writes to closed pipes and to files beyond their limit, which this program ignores, are handled as in
/// a fresh process.
///
/// Returns 0 and the process, or an errno: also that of a program that cannot be executed.
int cs_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output, int errors,
    pid_t *child);

/// Starts a copy of this process, which goes on where this was called, on the one thread that it has.
///
/// The copy is what exec would leave of it: its standard streams lead nowhere, `own` is its descriptor `number`, `other` is
/// closed, no signal is blocked or handled, and SIGPROF is not ignored. It is in a process group of its own, and listed
/// under `name`, of which 15 bytes are shown. Its memory is filled when it is freed and allocated, in one arena, as
/// MALLOC_PERTURB_ and MALLOC_ARENA_MAX have it.
///
/// Returns 0 in the copy, its process here, or -1 where none can be made: also where this process has another thread, whose
/// locks a copy would hold for ever.
pid_t cs_copy_process(const char *name, int own, int other, int number);

/// Notes what to say when a page of a mapped file cannot be had: `before`, the number of the row, counted from 0 at the
/// address `rows`, and `after`; and with what code to end. The texts are copied.
///
/// Returns a number for `cs_forget_mapping`, or -1 where so many mappings are noted that there is no room for another.
int cs_note_mapping(
    const void *start, size_t byte_count, const void *rows, size_t row_byte_count, const char *before, const char *after,
    int exit_code);

/// Forgets a mapping, before it is undone.
void cs_forget_mapping(int number);

/// Handles SIGBUS from now on: in a mapping that is noted it writes the sentence to standard error and ends the program.
/// Any other goes to what handled the signal before. Returns 0 or an errno.
int cs_handle_lost_mappings(void);

#endif
