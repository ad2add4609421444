// What Swift cannot call: fork, and prctl with its variable arguments.
#ifndef CSYSTEM_H
#define CSYSTEM_H

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

#endif
