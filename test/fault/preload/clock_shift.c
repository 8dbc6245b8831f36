/* clock_shift.c -- a preload that moves the wall clock of one program while it runs
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file $SHIFT_FILE (an absolute path: servers change directory) holds by how many seconds; it is read
 * at each call, so that a test can step the clock. The monotonic clock stays true. Not moved: file times,
 * absolute timers, pthread_cond_timedwait, and statically linked programs. Bare system calls, since this
 * runs inside of malloc and before main, where libc may not be ready. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void) {
  const char* name = getenv("SHIFT_FILE");
  char text[32];
  if (!name) return 0;
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const long size = syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  if (size <= 0) return 0;
  text[size] = 0;
  return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec* t) {
  const int result = (int)syscall(SYS_clock_gettime, clock, t);
  if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += shift();
  return result;
}

int gettimeofday(struct timeval* restrict tv, void* restrict zone) {
  struct timespec t;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &t);
  tv->tv_sec = t.tv_sec;
  tv->tv_usec = t.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}
