/* no_fsync.c -- a preload under which nothing is flushed to the disk: the control of the power cuts
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * $NO_FSYNC_OF, if set: only of files whose names end so. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int spared(int fd) {
  const char* only = getenv("NO_FSYNC_OF");
  char link[64], name[PATH_MAX];
  if (!only) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, name, sizeof name - 1);
  const size_t tail = strlen(only);
  if (size < 0 || (size_t)size < tail) return 1;
  return memcmp(name + size - tail, only, tail) != 0;
}

int fsync(int fd) { return spared(fd) ? (int)syscall(SYS_fsync, fd) : 0; }
int fdatasync(int fd) { return spared(fd) ? (int)syscall(SYS_fdatasync, fd) : 0; }
int syncfs(int fd) { return spared(fd) ? (int)syscall(SYS_syncfs, fd) : 0; }
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
  return spared(fd) ? (int)syscall(SYS_sync_file_range, fd, offset, length, flags) : 0;
}
