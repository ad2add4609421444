#define _GNU_SOURCE
#include "csystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <malloc.h>
#include <sys/prctl.h>
#endif

// What runs in the child: only what may be called between fork and exec in a process with threads.
static int become(
    const char *path, char *const arguments[], char *const environment[], const int streams[3], pid_t parent) {
#if defined(__linux__)
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
#endif
  // The parent may have ended before it was asked to be told.
  if (getppid() != parent) _exit(127);
  for (int stream = 0; stream < 3; stream++) {
    // dup2 of a descriptor onto itself would leave it to be closed by exec.
    if (streams[stream] == stream ? fcntl(stream, F_SETFD, 0) != 0 : dup2(streams[stream], stream) < 0) return errno;
  }
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  execve(path, arguments, environment);
  return errno;
}

int cs_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output, int errors,
    pid_t *child) {
  const int streams[3] = {input, output, errors};
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return errno;
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    const int failure = become(path, arguments, environment, streams, parent);
    // The parent waits for these bytes, or for the end that exec makes.
    ssize_t written = write(report[1], &failure, sizeof failure);
    (void)written;
    _exit(127);
  }
  const int forkFailure = process < 0 ? errno : 0;
  close(report[1]);
  int failure = 0;
  if (forkFailure == 0) {
    ssize_t count;
    do {
      count = read(report[0], &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    if (count != sizeof failure) failure = 0;
  }
  close(report[0]);
  if (forkFailure != 0) return forkFailure;
  if (failure != 0) {
    while (waitpid(process, 0, 0) < 0 && errno == EINTR) {}
    return failure;
  }
  *child = process;
  return 0;
}

// A folder has a link for itself, one in its parent, and one for each folder in it.
static int has_one_thread(void) {
  struct stat threads;
  return stat("/proc/self/task", &threads) == 0 && threads.st_nlink == 3;
}

static void forget_signals(void) {
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    // Those that cannot be handled are refused.
    if (sigaction(number, 0, &action) != 0) continue;
    if (action.sa_handler != SIG_IGN || number == SIGPROF) signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
}

pid_t cs_copy_process(const char *name, int own, int other, int number) {
  if (!has_one_thread()) return -1;
  const pid_t process = fork();
  if (process != 0) return process;
#if defined(__linux__)
  prctl(PR_SET_NAME, name);
#endif
  setpgid(0, 0);
  forget_signals();
  const int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0) _exit(127);
  for (int stream = 0; stream < 3; stream++) {
    if (dup2(nothing, stream) < 0) _exit(127);
  }
  if (nothing >= 3) close(nothing);
  close(other);
  if (own != number) {
    if (dup2(own, number) < 0) _exit(127);
    close(own);
  }
#if defined(__GLIBC__)
  mallopt(M_PERTURB, 165);
  mallopt(M_ARENA_MAX, 1);
#endif
  return 0;
}
