#define _GNU_SOURCE
#include "CPlatform.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/// Limit of one path below `root`.
enum { PATH_BYTES = 4096 };

int cp_memory_node_count(const char *root) {
  char path[PATH_BYTES];
  int length = snprintf(path, sizeof path, "%s/sys/devices/system/node", root);
  if (length < 0 || length >= (int)sizeof path) return 1;
  DIR *directory = opendir(path);
  if (!directory) return 1;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (strncmp(entry->d_name, "node", 4) == 0 && isdigit((unsigned char)entry->d_name[4])) count++;
  closedir(directory);
  return count > 0 ? count : 1;
}

/// A number that a file begins with; UINT64_MAX where it has none, such as `max`.
static uint64_t number_in(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return UINT64_MAX;
  unsigned long long number;
  int found = fscanf(file, "%llu", &number);
  fclose(file);
  return found == 1 ? number : UINT64_MAX;
}

static uint64_t available_in_meminfo(const char *root) {
  char path[PATH_BYTES], line[256];
  int length = snprintf(path, sizeof path, "%s/proc/meminfo", root);
  if (length < 0 || length >= (int)sizeof path) return UINT64_MAX;
  FILE *file = fopen(path, "re");
  if (!file) return UINT64_MAX;
  unsigned long long kibibytes = 0;
  int found = 0;
  while (!found && fgets(line, sizeof line, file))
    found = sscanf(line, "MemAvailable: %llu", &kibibytes) == 1;
  fclose(file);
  return found ? kibibytes << 10 : UINT64_MAX;
}

static uint64_t left_in_group(const char *root, const char *limit, const char *usage) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s%s", root, limit);
  uint64_t most = number_in(path);
  if (most == UINT64_MAX) return UINT64_MAX;
  snprintf(path, sizeof path, "%s%s", root, usage);
  uint64_t used = number_in(path);
  return used == UINT64_MAX ? most : most > used ? most - used : 0;
}

uint64_t cp_available_memory_bytes(const char *root) {
  uint64_t least = available_in_meminfo(root);
  // In a container its own group is mounted at the root of the hierarchy.
  uint64_t v2 = left_in_group(root, "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
  uint64_t v1 = left_in_group(
      root, "/sys/fs/cgroup/memory/memory.limit_in_bytes",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes");
  if (v2 < least) least = v2;
  if (v1 < least) least = v1;
  return least == UINT64_MAX ? 0 : least;
}

uint64_t cp_bytes_of_files(const char *path, const char *suffix) {
  DIR *directory = opendir(path);
  if (!directory) return 0;
  uint64_t sum = 0;
  size_t suffix_length = strlen(suffix);
  for (struct dirent *entry; (entry = readdir(directory));) {
    size_t length = strlen(entry->d_name);
    struct stat status;
    if (length >= suffix_length && strcmp(entry->d_name + length - suffix_length, suffix) == 0 &&
        fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
      sum += (uint64_t)status.st_size;
  }
  closedir(directory);
  return sum;
}
