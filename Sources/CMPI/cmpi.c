#define _GNU_SOURCE
#include "cmpi.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

// A handle in a register: MPICH's numbers are read from the lower half of it.
typedef void *handle;

static struct {
  int abi;
  char path[4096];
  handle world, byte, errors_return;
  // That of a list of statuses is the same.
  void *status_ignore;
  int thread_level;
  // World, or the duplicate of it.
  handle communicator;

  int (*Initialized)(int *);
  int (*Init_thread)(int *, char ***, int, int *);
  int (*Finalize)(void);
  int (*Comm_rank)(handle, int *);
  int (*Comm_size)(handle, int *);
  int (*Comm_dup)(handle, handle *);
  int (*Comm_set_errhandler)(handle, handle);
  int (*Isend)(const void *, int, handle, int, int, handle, cmpi_request *);
  int (*Irecv)(void *, int, handle, int, int, handle, cmpi_request *);
  int (*Test)(cmpi_request *, int *, void *);
  int (*Testsome)(int, void *, int *, int *, void *);
  int (*Abort)(handle, int);
  int (*Get_library_version)(char *, int *);
  int (*Get_processor_name)(char *, int *);
  int (*Error_string)(int, char *, int *);
} mpi;

static handle number(uintptr_t value) { return (handle)value; }

// Which interface it is. Open MPI's standard library may depend on its other one, whose symbols are then found too.
static int interface_of(void *library) {
  const char *slash = strrchr(mpi.path, '/');
  if (strncmp(slash ? slash + 1 : mpi.path, "libmpi_abi", 10) == 0) return cmpi_standard;
  if (dlsym(library, "ompi_mpi_comm_world")) return cmpi_open_mpi;
  if (dlsym(library, "MPIR_Dup_fn")) return cmpi_mpich;
  return dlsym(library, "MPI_Abi_get_version") ? cmpi_standard : 0;
}

// The constants of mpi.h, which belong to the interface and stay what they are.
static const char *take_constants(void *library, int abi) {
  switch (abi) {
    case cmpi_open_mpi:
      mpi.world = dlsym(library, "ompi_mpi_comm_world");
      mpi.byte = dlsym(library, "ompi_mpi_byte");
      mpi.errors_return = dlsym(library, "ompi_mpi_errors_return");
      if (!mpi.byte) return "ompi_mpi_byte";
      if (!mpi.errors_return) return "ompi_mpi_errors_return";
      mpi.status_ignore = 0;
      mpi.thread_level = 2;
      return 0;
    case cmpi_mpich:
      mpi.world = number(0x44000000);
      mpi.byte = number(0x4c00010d);
      mpi.errors_return = number(0x54000001);
      mpi.status_ignore = number(1);
      mpi.thread_level = 2;
      return 0;
    default:
      mpi.world = number(0x101);
      mpi.byte = number(0x247);
      mpi.errors_return = number(0x143);
      mpi.status_ignore = 0;
      mpi.thread_level = 2048;
      return 0;
  }
}

static const char *take_functions(void *library) {
#define TAKE(name)                                                \
  do {                                                            \
    *(void **)(&mpi.name) = dlsym(library, "MPI_" #name);         \
    if (!mpi.name) return "MPI_" #name;                           \
  } while (0)
  TAKE(Initialized);
  TAKE(Init_thread);
  TAKE(Finalize);
  TAKE(Comm_rank);
  TAKE(Comm_size);
  TAKE(Comm_dup);
  TAKE(Comm_set_errhandler);
  TAKE(Isend);
  TAKE(Irecv);
  TAKE(Test);
  TAKE(Testsome);
  TAKE(Abort);
  TAKE(Get_library_version);
  TAKE(Get_processor_name);
  TAKE(Error_string);
#undef TAKE
  return 0;
}

int cmpi_open(const char *file, char *text) {
  text[0] = 0;
  if (mpi.abi) return mpi.abi;
  // Global, since Open MPI's plugins take the library's symbols from the process.
  void *library = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(text, cmpi_text_size, "%s", reason ? reason : "no reason given");
    return 0;
  }
  struct link_map *map = 0;
  const int has_map = dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map;
  snprintf(mpi.path, sizeof mpi.path, "%s", has_map && map->l_name[0] ? map->l_name : file);
  const int abi = interface_of(library);
  if (!abi) {
    snprintf(text, cmpi_text_size, "it is no MPI library");
    dlclose(library);
    return 0;
  }
  const char *missing = take_constants(library, abi);
  if (!missing) missing = take_functions(library);
  if (missing) {
    snprintf(text, cmpi_text_size, "it has no %s", missing);
    dlclose(library);
    return 0;
  }
  mpi.communicator = mpi.world;
  return mpi.abi = abi;
}

const char *cmpi_path(void) { return mpi.path; }

int cmpi_initialized(int *flag) { return mpi.Initialized(flag); }

int cmpi_init(int *has_threads) {
  int level = 0;
  const int code = mpi.Init_thread(0, 0, mpi.thread_level, &level);
  *has_threads = code == 0 && level >= mpi.thread_level;
  if (code != 0) return code;
  return mpi.Comm_set_errhandler(mpi.world, mpi.errors_return);
}

int cmpi_duplicate_world(void) {
  handle duplicate = 0;
  const int code = mpi.Comm_dup(mpi.world, &duplicate);
  if (code != 0) return code;
  mpi.communicator = duplicate;
  return mpi.Comm_set_errhandler(duplicate, mpi.errors_return);
}

int cmpi_rank(int *rank) { return mpi.Comm_rank(mpi.communicator, rank); }

int cmpi_size(int *size) { return mpi.Comm_size(mpi.communicator, size); }

int cmpi_send(const void *bytes, int count, int peer, int tag, cmpi_request *request) {
  *request = 0;
  return mpi.Isend(bytes, count, mpi.byte, peer, tag, mpi.communicator, request);
}

int cmpi_receive(void *bytes, int count, int peer, int tag, cmpi_request *request) {
  *request = 0;
  return mpi.Irecv(bytes, count, mpi.byte, peer, tag, mpi.communicator, request);
}

int cmpi_test(cmpi_request *request, int *is_done) { return mpi.Test(request, is_done, mpi.status_ignore); }

int cmpi_test_some(cmpi_request *requests, int count, unsigned char *is_done, int *done_count) {
  int places[cmpi_most_tests], done = 0;
  // MPICH's requests lie side by side as numbers of 32 bits, ours in the first halves of 64.
  int numbers[cmpi_most_tests];
  const int is_narrow = mpi.abi == cmpi_mpich;
  if (count > cmpi_most_tests) count = cmpi_most_tests;
  if (is_narrow) {
    for (int i = 0; i < count; i++) memcpy(&numbers[i], &requests[i], sizeof numbers[i]);
  }
  const int code = mpi.Testsome(count, is_narrow ? (void *)numbers : requests, &done, places, mpi.status_ignore);
  if (is_narrow) {
    for (int i = 0; i < count; i++) memcpy(&requests[i], &numbers[i], sizeof numbers[i]);
  }
  memset(is_done, 0, (size_t)count);
  // MPI_UNDEFINED, which is negative, if no request was left.
  *done_count = code == 0 && done > 0 ? done : 0;
  for (int i = 0; i < *done_count; i++) is_done[places[i]] = 1;
  return code;
}

int cmpi_finalize(void) { return mpi.Finalize(); }

int cmpi_abort(int code) { return mpi.Abort(mpi.world, code); }

// Ends a text, and makes one line of it: the first, or all of them. MPICH's version has fifteen, its errors several.
static int one_line(int code, char *text, int length, int keeps_all) {
  if (code != 0) length = 0;
  text[length < cmpi_text_size ? length : cmpi_text_size - 1] = 0;
  char *out = text;
  for (const char *c = text; *c; c++) {
    const int ends = *c == '\n' || *c == '\r';
    if (ends && !keeps_all) break;
    const char plain = *c == '\t' || ends ? ' ' : *c;
    if (plain == ' ' && (out == text || out[-1] == ' ')) continue;
    *out++ = plain;
  }
  if (out > text && out[-1] == ' ') out--;
  *out = 0;
  return code;
}

int cmpi_version(char *text) {
  int length = 0;
  const int code = mpi.Get_library_version(text, &length);
  return one_line(code, text, length, 0);
}

int cmpi_processor(char *text) {
  int length = 0;
  const int code = mpi.Get_processor_name(text, &length);
  return one_line(code, text, length, 0);
}

int cmpi_error_text(int code, char *text) {
  int length = 0;
  const int failure = mpi.Error_string(code, text, &length);
  return one_line(failure, text, length, 1);
}
