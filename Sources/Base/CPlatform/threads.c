#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
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

int cp_set_thread_nice(int nice) {
  return setpriority(PRIO_PROCESS, (id_t)gettid(), nice) == 0 ? 0 : errno;
}
