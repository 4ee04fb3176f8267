#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stddef.h>
#include <stdint.h>

/// Shims for what Swift's Glibc import cannot see: GNU-only calls, macros and /proc.
/// Nothing here allocates memory that the caller must free. Every function may be called
/// from any thread.

// MARK: Processors

/// Processors that the calling thread may run on, from its affinity mask; at least 1.
/// Masks of any size are read (hosts with more than 1,024 processors too).
int cp_affinity_cpu_count(void);

/// The processor time that control groups allow this process, in processors (1.5 is one and a
/// half), or 0 when there is no limit.
///
/// Reads cgroup v2 (`cpu.max`) and v1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`) of the process's
/// own group and of every ancestor that is visible; the least applies. `root` is put before
/// every path that is read: "" for the real machine, a folder in tests.
double cp_cgroup_cpu_quota(const char *root);

/// Threads worth starting: the least of the affinity count and the quota rounded up; at least 1.
int cp_usable_cpus(void);

// MARK: Threads

/// Names the calling thread as `top -H` and debuggers show it. Linux keeps 15 bytes; longer
/// names are cut. Returns 0, or an errno value.
int cp_set_thread_name(const char *name);

/// Copies the calling thread's name, NUL-terminated, into `name` (`size` at least 16 bytes).
/// Returns 0, or an errno value.
int cp_get_thread_name(char *name, size_t size);

/// Binds the calling thread to one processor: the `index`-th (from 0, modulo their count) of
/// those its affinity mask allows. Returns 0, or an errno value.
int cp_pin_thread(int index);

/// Sets the calling thread's nice value (Linux keeps one for each thread). Larger gives way to
/// smaller. Returns 0, or an errno value.
int cp_set_thread_nice(int nice);

/// Asks for the calling thread to run soon after it wakes, and briefly: its slice becomes
/// `nanoseconds` (100,000 at least; Linux 6.12 and later, elsewhere nothing changes). Returns 0, or
/// an errno value.
int cp_set_thread_slice(uint64_t nanoseconds);

// MARK: Files

/// Lets this process open as many files as it may at all: the usual limit, 1,024, is less than a
/// server has connections. Returns the limit in force.
uint64_t cp_raise_open_files(void);

// MARK: Time and memory

/// Memory nodes (NUMA) of the machine; at least 1. `root` as above.
int cp_memory_node_count(const char *root);

/// Bytes of memory that this process may still use: of the machine, and of its control group where
/// that is visible and limits it. 0 when nothing can be read. `root` as above.
uint64_t cp_available_memory_bytes(const char *root);

/// Bytes of the files in a folder whose names end so; 0 when it cannot be read.
uint64_t cp_bytes_of_files(const char *path, const char *suffix);

/// Nanoseconds of the monotonic clock; only differences mean something.
uint64_t cp_monotonic_nanoseconds(void);

/// Nanoseconds of processor time that the calling thread has used.
uint64_t cp_thread_cpu_nanoseconds(void);

/// Bytes of this process's memory that are resident, file mappings included; 0 if /proc is not
/// readable.
uint64_t cp_resident_bytes(void);

/// Bytes in a page of memory.
size_t cp_page_size(void);

// MARK: Processes

/// The process's environment as it is now: `NAME=value` strings, NULL-terminated. Not a copy: read
/// it before other threads change it.
char *const *cp_environment(void);

/// Asks the kernel to send `signal` to this process when the thread that started it ends, and
/// checks that `parent_pid` is still the parent (else it is already too late).
/// Returns 0, ESRCH when the parent has gone, or another errno value.
int cp_set_parent_death_signal(int signal, int parent_pid);

/// Replaces this process by a fresh run of its own executable with the given NULL-terminated
/// arguments and environment. Descriptors without close-on-exec stay open. Returns an errno
/// value only if that failed.
int cp_execute_self(char *const arguments[], char *const environment[]);

#endif
