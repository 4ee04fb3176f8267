#define _GNU_SOURCE
#include "CPlatform.h"

#include <time.h>

static uint64_t read_clock(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t cp_monotonic_nanoseconds(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t cp_thread_cpu_nanoseconds(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
