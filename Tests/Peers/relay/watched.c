#define _GNU_SOURCE
#include "watched.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_file(const char *path, char *text, size_t size) {
  text[0] = 0;
  FILE *file = fopen(path, "re");
  if (file == NULL) return;
  size_t length = fread(text, 1, size - 1, file);
  fclose(file);
  text[length] = 0;
}

static double processor_seconds(int pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  read_file(path, text, sizeof text);
  unsigned long long user = 0, system = 0;
  // The name before the parenthesis may hold anything.
  char *fields = strrchr(text, ')');
  if (fields == NULL) return 0;
  sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double waiting_seconds(int pid) {
  char path[320], text[128];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (threads == NULL) return 0;
  double sum = 0;
  for (struct dirent *thread; (thread = readdir(threads)) != NULL;) {
    unsigned long long ran = 0, waited = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread->d_name);
    read_file(path, text, sizeof text);
    if (sscanf(text, "%llu %llu", &ran, &waited) == 2) sum += (double)waited / 1e9;
  }
  closedir(threads);
  return sum;
}

static double resident_bytes(int pid) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/%d/statm", pid);
  read_file(path, text, sizeof text);
  unsigned long long all = 0, resident = 0;
  return sscanf(text, "%llu %llu", &all, &resident) == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

Watched watched(int pid) {
  return (Watched){processor_seconds(pid), waiting_seconds(pid), resident_bytes(pid)};
}
