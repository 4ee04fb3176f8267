#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The kernel refuses a mask smaller than its own, whose size is not published; so grow.
enum { CPU_COUNT_START = 1024, CPU_COUNT_MAX = 1 << 20 };

/// The calling thread's affinity mask, to be freed with CPU_FREE; NULL if it cannot be read.
static cpu_set_t *read_affinity(int *capacity) {
  for (int count = CPU_COUNT_START; count <= CPU_COUNT_MAX; count *= 2) {
    cpu_set_t *set = CPU_ALLOC((size_t)count);
    if (set == NULL) return NULL;
    size_t size = CPU_ALLOC_SIZE((size_t)count);
    CPU_ZERO_S(size, set);
    if (sched_getaffinity(0, size, set) == 0) {
      *capacity = count;
      return set;
    }
    int failure = errno;
    CPU_FREE(set);
    if (failure != EINVAL) return NULL;
  }
  return NULL;
}

int cp_affinity_cpu_count(void) {
  int capacity = 0;
  cpu_set_t *set = read_affinity(&capacity);
  if (set == NULL) return 1;
  int count = CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)capacity), set);
  CPU_FREE(set);
  return count > 0 ? count : 1;
}

int cp_pin_thread(int index) {
  int capacity = 0;
  cpu_set_t *set = read_affinity(&capacity);
  if (set == NULL) return errno != 0 ? errno : ENOSYS;
  size_t size = CPU_ALLOC_SIZE((size_t)capacity);
  int count = CPU_COUNT_S(size, set);
  if (count == 0 || index < 0) {
    CPU_FREE(set);
    return EINVAL;
  }
  int wanted = index % count;
  int result = EINVAL;
  for (int cpu = 0; cpu < capacity; cpu++) {
    if (!CPU_ISSET_S((size_t)cpu, size, set)) continue;
    if (wanted-- > 0) continue;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)cpu, size, set);
    result = sched_setaffinity(0, size, set) == 0 ? 0 : errno;
    break;
  }
  CPU_FREE(set);
  return result;
}

// MARK: Control groups

enum { PATH_BYTES_MAX = 4096, LINE_BYTES_MAX = 4096 };

/// The smaller of two limits in which 0 means "none".
static double least_limit(double a, double b) {
  if (a <= 0) return b;
  if (b <= 0) return a;
  return a < b ? a : b;
}

/// First line of `<directory>/<name>`; 0 when it cannot be read or the path is too long.
static int read_first_line(const char *directory, const char *name, char *line, int size) {
  char path[PATH_BYTES_MAX];
  int length = snprintf(path, sizeof path, "%s/%s", directory, name);
  if (length < 0 || (size_t)length >= sizeof path) return 0;
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  int success = fgets(line, size, file) != NULL;
  fclose(file);
  return success;
}

static double quota_v2(const char *directory) {
  char line[128];
  long long quota = 0, period = 0;
  if (!read_first_line(directory, "cpu.max", line, sizeof line)) return 0;
  // "max 100000" means no limit and does not scan as two numbers.
  if (sscanf(line, "%lld %lld", &quota, &period) != 2) return 0;
  return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

static double quota_v1(const char *directory) {
  char line[128];
  long long quota = 0, period = 0;
  if (!read_first_line(directory, "cpu.cfs_quota_us", line, sizeof line)) return 0;
  if (sscanf(line, "%lld", &quota) != 1) return 0;
  if (!read_first_line(directory, "cpu.cfs_period_us", line, sizeof line)) return 0;
  if (sscanf(line, "%lld", &period) != 1) return 0;
  return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

/// Least quota from `<mount><group>` up to `<mount>`. A group whose folder is not visible (a
/// container that sees only its own subtree as the mount) is passed over.
static double quota_of_ancestors(
    const char *root, const char *mount, const char *group, double (*read)(const char *)) {
  char path[PATH_BYTES_MAX];
  int length = snprintf(path, sizeof path, "%s%s%s", root, mount, group);
  if (length < 0 || (size_t)length >= sizeof path) return 0;
  size_t mount_length = strlen(root) + strlen(mount);
  double least = 0;
  while (1) {
    least = least_limit(least, read(path));
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) < mount_length) return least;
    *slash = 0;
  }
}

/// Whether a comma-separated list of controllers names `cpu`.
static int lists_cpu(const char *controllers, size_t length) {
  while (length > 0) {
    const char *comma = memchr(controllers, ',', length);
    size_t item = comma != NULL ? (size_t)(comma - controllers) : length;
    if (item == 3 && memcmp(controllers, "cpu", 3) == 0) return 1;
    if (comma == NULL) return 0;
    controllers = comma + 1;
    length -= item + 1;
  }
  return 0;
}

/// Limit of one line of /proc/self/cgroup, `id:controllers:path`; see cgroups(7).
static double quota_of_line(const char *root, char *line) {
  line[strcspn(line, "\n")] = 0;
  char *first = strchr(line, ':');
  if (first == NULL) return 0;
  char *second = strchr(first + 1, ':');
  if (second == NULL) return 0;
  const char *controllers = first + 1;
  size_t controllers_length = (size_t)(second - controllers);
  const char *group = second + 1;
  if (controllers_length == 0) {
    double least = quota_of_ancestors(root, "/sys/fs/cgroup", group, quota_v2);
    return least_limit(
        least, quota_of_ancestors(root, "/sys/fs/cgroup/unified", group, quota_v2));
  }
  if (!lists_cpu(controllers, controllers_length)) return 0;
  double least = quota_of_ancestors(root, "/sys/fs/cgroup/cpu", group, quota_v1);
  return least_limit(
      least, quota_of_ancestors(root, "/sys/fs/cgroup/cpu,cpuacct", group, quota_v1));
}

double cp_cgroup_cpu_quota(const char *root) {
  char path[PATH_BYTES_MAX];
  int length = snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  if (length < 0 || (size_t)length >= sizeof path) return 0;
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  double least = 0;
  char line[LINE_BYTES_MAX];
  while (fgets(line, sizeof line, file) != NULL) {
    least = least_limit(least, quota_of_line(root, line));
  }
  fclose(file);
  return least;
}

int cp_usable_cpus(void) {
  int count = cp_affinity_cpu_count();
  double quota = cp_cgroup_cpu_quota("");
  if (quota <= 0 || quota >= count) return count;
  int rounded = (int)ceil(quota);
  return rounded > 0 ? rounded : 1;
}
