#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

size_t cp_page_size(void) {
  long size = sysconf(_SC_PAGESIZE);
  return size > 0 ? (size_t)size : 4096;
}

uint64_t cp_resident_bytes(void) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL) return 0;
  unsigned long long total = 0, resident = 0;
  int fields = fscanf(file, "%llu %llu", &total, &resident);
  fclose(file);
  return fields == 2 ? resident * (uint64_t)cp_page_size() : 0;
}

int cp_set_parent_death_signal(int signal, int parent_pid) {
  if (prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0) != 0) return errno;
  return getppid() == parent_pid ? 0 : ESRCH;
}

int cp_execute_self(char *const arguments[], char *const environment[]) {
  // The resolved path keeps the process's name in `ps`; the link itself still works when the
  // file has been replaced or removed since the start.
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    execve(path, arguments, environment);
  }
  execve("/proc/self/exe", arguments, environment);
  return errno;
}

char *const *cp_environment(void) { return environ; }

uint64_t cp_raise_open_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}
