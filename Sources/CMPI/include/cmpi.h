// MPI, opened at run time: neither building nor running the package needs one. A process has one library at most.
//
// All functions but `cmpi_open` and `cmpi_version` are MPI's own and return its code, 0 for success. Errors are returned,
// never fatal. One thread at a time may call them.
#ifndef CMPI_H
#define CMPI_H

#include <stdint.h>

/// What a library's handles and constants look like.
enum cmpi_abi {
  /// Addresses of the library's objects.
  cmpi_open_mpi = 1,
  /// Numbers of 32 bits, which MPICH, Intel MPI, MVAPICH and Cray MPICH share.
  cmpi_mpich = 2,
  /// The binary interface that MPI 5.0 (2025, chapter 20) fixes for all libraries.
  cmpi_standard = 3,
};

/// Room for any text that the functions below write.
enum { cmpi_text_size = 8192 };

/// Room for a request: an address, or a number in its first bytes.
typedef uint64_t cmpi_request;

/// Opens a library by its path, or by its name where the dynamic loader is to find it.
///
/// Returns its interface, or 0 with the reason in `text`, of `cmpi_text_size` bytes. A second call gives what the first did.
int cmpi_open(const char *file, char *text);

/// The path of the library that was opened, as the dynamic loader names it.
const char *cmpi_path(void);

/// Whether someone has initialised MPI in this process already, such as the app around the package.
int cmpi_initialized(int *flag);

/// Initialises MPI for calls by one thread at a time. `has_threads` says whether the library promises that.
int cmpi_init(int *has_threads);

/// Gives this package messages of its own, apart from those of the app around it. All ranks call it.
int cmpi_duplicate_world(void);

int cmpi_rank(int *rank);
int cmpi_size(int *size);

/// Begins to send or to receive `count` bytes. The memory is the library's until `cmpi_test` says that they have arrived.
int cmpi_send(const void *bytes, int count, int peer, int tag, cmpi_request *request);
int cmpi_receive(void *bytes, int count, int peer, int tag, cmpi_request *request);

/// Whether a transfer is done. It also drives all others.
int cmpi_test(cmpi_request *request, int *is_done);

/// The most requests of one call of `cmpi_test_some`.
enum { cmpi_most_tests = 256 };

/// Which of several transfers are done: 1 in their places of `is_done`, 0 in the others, and how many there are. It drives
/// all, once, where a call of `cmpi_test` for each would do so each time. With an error, which request it was must be asked
/// of `cmpi_test`.
int cmpi_test_some(cmpi_request *requests, int count, unsigned char *is_done, int *done_count);

/// Ends what `cmpi_init` began. All ranks call it, and it waits for them.
int cmpi_finalize(void);

/// Ends all ranks' processes.
int cmpi_abort(int code);

/// One line each, at most `cmpi_text_size` bytes, with a zero at the end.
int cmpi_version(char *text);
int cmpi_processor(char *text);
int cmpi_error_text(int code, char *text);

#endif
