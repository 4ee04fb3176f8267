#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREAD_NAME_BYTES = 16 };

int cp_set_thread_name(const char *name) {
  char cut[THREAD_NAME_BYTES] = {0};
  strncpy(cut, name, sizeof cut - 1);
  return pthread_setname_np(pthread_self(), cut);
}

int cp_get_thread_name(char *name, size_t size) {
  return pthread_getname_np(pthread_self(), name, size);
}

int cp_set_thread_slice(uint64_t nanoseconds) {
  // glibc has no sched_setattr before 2.41; the kernel reads as much of it as `size` says.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {.size = sizeof attributes, .policy = SCHED_OTHER, .runtime = nanoseconds};
  errno = 0;
  attributes.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
  if (errno != 0) return errno;
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0 ? 0 : errno;
}

int cp_set_thread_nice(int nice) {
  return setpriority(PRIO_PROCESS, (id_t)gettid(), nice) == 0 ? 0 : errno;
}
