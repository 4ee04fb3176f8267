import CPlatform
import Foundation
import Testing

@Suite("Processor time that control groups allow")
struct ProcessorsTests {
  /// A folder that stands for `/`, with these files in it.
  private final class FakeRoot {
    let path: String

    init(_ files: [String: String]) throws {
      let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      path = root.path
      for (name, content) in files {
        let file = root.appendingPathComponent(name)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: file, atomically: true, encoding: .utf8)
      }
    }

    deinit {
      // Nothing depends on the folder being gone.
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  private struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var files: [String: String]
    var quota: Double
  }

  private static let cases = [
    Case(testDescription: "nothing to read", files: [:], quota: 0),
    Case(
      testDescription: "v2, a limit of its own",
      files: ["proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"],
      quota: 1.5),
    Case(
      testDescription: "v2, the least of the ancestors",
      files: [
        "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        "sys/fs/cgroup/a/cpu.max": "200000 100000\n", "sys/fs/cgroup/cpu.max": "50000 100000\n",
      ], quota: 0.5),
    Case(
      testDescription: "v2, a container that sees only its own group",
      files: ["proc/self/cgroup": "0::/host/path\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"],
      quota: 3),
    Case(
      testDescription: "v2, at the root, no limit",
      files: ["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"], quota: 0),
    Case(
      testDescription: "v1, beside other controllers",
      files: [
        "proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/c\n2:cpuset:/s\n",
        "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us": "250000\n",
        "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
      ], quota: 2.5),
    Case(
      testDescription: "v1, no limit",
      files: [
        "proc/self/cgroup": "3:cpu:/c\n", "sys/fs/cgroup/cpu/c/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/c/cpu.cfs_period_us": "100000\n",
      ], quota: 0),
    Case(
      testDescription: "malformed files count as no limit",
      files: [
        "proc/self/cgroup": "\n:\n0:\n0::/a\n", "sys/fs/cgroup/a/cpu.max": "ten of them\n",
        "sys/fs/cgroup/cpu.max": "1000 0\n",
      ], quota: 0),
  ]

  @Test("the quota is read where the kernel puts it", arguments: cases)
  private func quota(example: Case) throws {
    let root = try FakeRoot(example.files)
    #expect(cp_cgroup_cpu_quota(root.path) == example.quota)
  }

  @Test("usable processors are at least one and no more than the affinity mask has")
  func usable() {
    #expect(cp_usable_cpus() >= 1)
    #expect(cp_usable_cpus() <= cp_affinity_cpu_count())
  }
}

@Suite("Threads, clocks and memory")
struct ThreadsTests {
  @Test("a thread's name is kept, cut to 15 bytes")
  func name() {
    var before = [CChar](repeating: 0, count: 16)
    #expect(cp_get_thread_name(&before, 16) == 0)
    #expect(cp_set_thread_name("millpond-compute-7") == 0)
    var name = [CChar](repeating: 0, count: 16)
    #expect(cp_get_thread_name(&name, 16) == 0)
    #expect(name.prefix { $0 != 0 }.map { UInt8($0) } == Array("millpond-comput".utf8))
    #expect(cp_set_thread_name(before) == 0)
  }

  @Test("clocks go forward, and memory is counted in pages")
  func measures() {
    let start = cp_monotonic_nanoseconds()
    let used = cp_thread_cpu_nanoseconds()
    #expect(start > 0 && cp_monotonic_nanoseconds() >= start)
    #expect(used > 0 && cp_thread_cpu_nanoseconds() >= used)
    #expect(cp_page_size() >= 4_096)
    #expect(cp_resident_bytes() > 1 << 20)
    #expect(cp_resident_bytes() % UInt64(cp_page_size()) == 0)
  }

  @Test("a thread can be pinned to a processor of its mask, give way, and ask for short slices")
  func pin() async {
    // In a process of its own, since a pool thread would stay pinned.
    await #expect(processExitsWith: .success) {
      guard cp_pin_thread(1_000) == 0, cp_affinity_cpu_count() == 1 else { exit(1) }
      guard cp_pin_thread(-1) == EINVAL, cp_set_thread_nice(5) == 0 else { exit(2) }
      // A slice leaves the nice value of the thread alone.
      let thread = __priority_which_t(PRIO_PROCESS.rawValue)
      guard cp_set_thread_slice(100_000) == 0, getpriority(thread, 0) == 5 else { exit(3) }
    }
  }

  @Test("a process whose parent is another one is told so")
  func parent() async {
    await #expect(processExitsWith: .success) {
      guard cp_set_parent_death_signal(SIGKILL, getppid()) == 0 else { exit(1) }
      guard cp_set_parent_death_signal(SIGKILL, 1 << 29) == ESRCH else { exit(2) }
    }
  }

  @Test("a process can start itself anew with other arguments")
  func executeSelf() async {
    await #expect(processExitsWith: .success) {
      // The test program itself, which lists its tests and ends well.
      let words = [CommandLine.arguments[0], "--testing-library", "swift-testing", "--list-tests"]
      var arguments = words.map { strdup($0) } + [nil]
      var variables: [UnsafeMutablePointer<CChar>?] = ProcessInfo.processInfo.environment.map {
        strdup("\($0.key)=\($0.value)")
      }
      variables.append(nil)
      exit(cp_execute_self(&arguments, &variables))
    }
  }

  @Test("arguments that the system refuses are an error, and the process goes on")
  func refusedArguments() {
    let long = String(repeating: "x", count: 1 << 20)
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("self"), strdup(long), nil]
    var variables: [UnsafeMutablePointer<CChar>?] = [nil]
    #expect(cp_execute_self(&arguments, &variables) == E2BIG)
    for argument in arguments { free(argument) }
  }
}
