internal import CPlatform
internal import Glibc

/// A child process that says `ready HOST:PORT` on its standard output, as `millpond serve` and
/// `millpond-worker` do. Its standard input is a pipe that we hold, its standard error is ours.
package final class MeasuredProgram {
  /// The process's id.
  package let processID: Int32
  /// From before the spawn until the ready line was read, in nanoseconds.
  package let startNanoseconds: UInt64
  /// `HOST:PORT` from the ready line.
  package let address: String
  private let input: Int32
  private let output: Int32
  private var isEnded = false

  /// Starts a program and waits until it is ready. Blocks.
  ///
  /// - Throws: `.notStarted` naming the program when it cannot be run, ends first, or is not ready
  ///   in time.
  package init(
    path: String, arguments: [String], timeoutSeconds: Int = 60
  ) throws(BenchmarksError) {
    let inputs = try Self.pipe()
    let outputs = try Self.pipe()
    let start = cp_monotonic_nanoseconds()
    let spawned = Self.spawn(path, arguments, input: inputs.read, output: outputs.write)
    close(inputs.read)
    close(outputs.write)
    input = inputs.write
    output = outputs.read
    switch spawned {
    case .failure(let error):
      close(input)
      close(output)
      throw BenchmarksError(.notStarted, "cannot run \(path): \(error)")
    case .success(let id): processID = id
    }
    let address = Self.readyAddress(output, until: start + UInt64(timeoutSeconds) * 1_000_000_000)
    startNanoseconds = cp_monotonic_nanoseconds() - start
    self.address = address ?? ""
    guard address != nil else {
      end()
      throw BenchmarksError(.notStarted, "\(path) did not say that it is ready: see its messages")
    }
  }

  deinit { end() }

  /// Ends the process in an orderly way and waits for it. Blocks. A second call does nothing.
  package func end() {
    guard !isEnded else { return }
    isEnded = true
    close(input)
    kill(processID, SIGTERM)
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    close(output)
  }

  /// The process's memory of now; nil if the system does not say.
  package var memory: ProcessMemory? {
    SystemFile.text("/proc/\(processID)/status").flatMap { ProcessMemory(procPidStatus: $0) }
  }

  private static func pipe() throws(BenchmarksError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw BenchmarksError(.notStarted, "no pipe: \(SystemError(number: errno))")
    }
    // The program gets copies of the ends that are its own, and must not hold ours open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func spawn(
    _ path: String, _ arguments: [String], input: Int32, output: Int32
  ) -> Result<Int32, SystemError> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var id: pid_t = 0
    let failure = posix_spawn(&id, path, &actions, nil, words, cp_environment())
    return failure == 0 ? .success(id) : .failure(SystemError(number: failure))
  }

  /// Reads lines until the ready line; nil when the output ends first, or the time is over.
  private static func readyAddress(_ descriptor: Int32, until deadline: UInt64) -> String? {
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4_096)
    while text.count < 1 << 16 {
      let now = cp_monotonic_nanoseconds()
      guard now < deadline else { return nil }
      var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let happened = poll(&wanted, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
      if happened == 0 || (happened < 0 && errno == EINTR) { continue }
      let count = read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      text += block[..<count]
      if let address = address(inOutput: String(decoding: text, as: UTF8.self)) { return address }
    }
    return nil
  }

  /// The address of the first whole line `ready HOST:PORT`.
  package static func address(inOutput text: String) -> String? {
    let prefix = "ready "
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}

/// Resident memory of a process, in bytes.
package struct ProcessMemory: Sendable, Equatable {
  /// All that is resident, mapped weights included.
  package var resident: Int
  /// The most that has been resident.
  package var peak: Int
  /// The part that is no file's.
  package var anonymous: Int

  /// Reads the text of `/proc/<pid>/status`; nil if it lacks the numbers.
  package init?(procPidStatus text: String) {
    func bytes(_ key: String) -> Int? {
      let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
      let fields = line?.split { $0 == " " || $0 == "\t" }
      guard let fields, fields.count >= 3, fields[2] == "kB" else { return nil }
      return Int(fields[1]).map { $0 * 1_024 }
    }
    guard let resident = bytes("VmRSS"), let peak = bytes("VmHWM"), let anonymous = bytes("RssAnon")
    else { return nil }
    self.resident = resident
    self.peak = peak
    self.anonymous = anonymous
  }
}
