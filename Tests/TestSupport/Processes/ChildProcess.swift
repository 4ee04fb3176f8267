package import Glibc
internal import Synchronization

/// A process that a test started: a worker, a coordinator, or one command line.
///
/// It is killed when this object goes, and by the `Reaper` when the tests end in any other way. Its
/// standard error, and its standard output unless asked otherwise, go to files without names, so
/// that it never waits for us to read.
package final class ChildProcess: Sendable {
  /// How it ended.
  package enum Exit: Sendable, Equatable {
    case status(Int32)
    case signal(Int32)
  }

  /// What it reads.
  package enum Input: Sendable {
    /// Nothing: the null device.
    case nothing
    case bytes([UInt8])
    /// Nothing, and no end of it until `endInput` or until this object goes.
    case held
  }

  /// Where it writes its answers.
  package enum Output: Sendable {
    /// Kept, for `standardOutput`.
    case kept
    /// A stream that we read, or close before its end.
    case stream
  }

  private struct State {
    var exit: Exit?
    var inputEnd: OpenFile?
    var outputEnd: OpenFile?
  }

  package let processID: pid_t
  private let output: OpenFile
  private let error: OpenFile
  private let state: Mutex<State>

  /// Starts it.
  ///
  /// Signals are as the system has them at a login, whatever this process ignores. The environment
  /// is ours without `MILLPOND_*`, changed by `environment`: nil takes a variable away.
  ///
  /// - Throws: `TestFailure` naming the program, if the system does not start it.
  package init(
    _ program: String, _ arguments: [[UInt8]], environment: [String: String?] = [:],
    input: Input = .nothing, output outputKind: Output = .kept
  ) throws {
    var held = State()
    output = try OpenFile.unnamedFile()
    error = try OpenFile.unnamedFile()
    let childInput: OpenFile
    switch input {
    case .nothing: childInput = try OpenFile.nullDevice()
    case .bytes(let bytes): childInput = try OpenFile.unnamedFile(holding: bytes)
    case .held:
      let pair = try OpenFile.streamPair()
      childInput = pair.theirs
      held.inputEnd = pair.ours
    }
    var childOutput = output
    if outputKind == .stream {
      let pair = try OpenFile.streamPair()
      childOutput = pair.theirs
      held.outputEnd = pair.ours
    }
    processID = try spawn(
      program, arguments, environment: childEnvironment(changed: environment),
      streams: [childInput, childOutput, error])
    state = Mutex(held)
    Reaper.shared.watch(processID)
  }

  /// Starts it with arguments that are text.
  package convenience init(
    _ program: String, _ arguments: [String], environment: [String: String?] = [:],
    input: Input = .nothing, output: Output = .kept
  ) throws {
    try self.init(
      program, arguments.map { Array($0.utf8) }, environment: environment, input: input,
      output: output)
  }

  deinit {
    guard pollExit() == nil else { return }
    send(SIGKILL)
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    Reaper.shared.forget(processID)
  }

  /// What it has written so far.
  package var standardOutput: [UInt8] { output.contents() }

  /// What it has written so far to standard error; what is not UTF-8 is repaired.
  package var standardError: String { String(decoding: error.contents(), as: UTF8.self) }

  /// Gives it something to read, where its standard input is held. Little enough not to wait.
  package func write(_ bytes: [UInt8]) throws {
    guard let end = state.withLock({ $0.inputEnd }) else {
      throw TestFailure("the standard input of process \(processID) is not held")
    }
    guard Glibc.send(end.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw TestFailure("process \(processID) does not read: errno \(errno)")
    }
  }

  /// The end of its standard input, where it was held.
  package func endInput() {
    state.withLock { $0.inputEnd = nil }
  }

  /// Some bytes of an output that is a stream: waits for the first, empty at the end.
  package func readOutput() async throws -> [UInt8] {
    guard let end = state.withLock({ $0.outputEnd }) else { return [] }
    return try await eventually("process \(processID) writes") { try end.readNow() }
  }

  /// Takes no more output, where it is a stream.
  package func closeOutput() {
    state.withLock { $0.outputEnd = nil }
  }

  package func send(_ signal: Int32) {
    // Once it has been waited for, its number may be another's.
    state.withLock { state in
      if state.exit == nil { _ = kill(processID, signal) }
    }
  }

  /// How it ended, or nil while it runs.
  package func pollExit() -> Exit? {
    state.withLock { state in
      if let exit = state.exit { return exit }
      var status: Int32 = 0
      guard waitpid(processID, &status, WNOHANG) == processID else { return nil }
      let signal = status & 0x7F
      let exit: Exit = signal == 0 ? .status(status >> 8 & 0xFF) : .signal(signal)
      state.exit = exit
      Reaper.shared.forget(processID)
      return exit
    }
  }

  package var isRunning: Bool { pollExit() == nil }

  /// Waits for its end.
  ///
  /// - Throws: `TestFailure` with what it said on standard error, if it goes on.
  package func exit(within limit: Duration = Patience.usual) async throws -> Exit {
    try await eventually(
      "process \(processID) ends; it said: \(standardError.suffix(2_000))", within: limit
    ) { pollExit() }
  }
}

private func childEnvironment(changed: [String: String?]) -> [String] {
  var variables: [String: String] = [:]
  var pointer = environ
  while let entry = pointer.pointee {
    let text = String(cString: entry)
    if let equals = text.firstIndex(of: "=") {
      variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    pointer += 1
  }
  variables = variables.filter { !$0.key.hasPrefix("MILLPOND_") }
  variables["XDG_CACHE_HOME"] = ScratchFolder.shared.path + "/cache"
  for (name, value) in changed { variables[name] = value }
  return variables.map { "\($0.key)=\($0.value)" }
}

/// Starts a process with these as its standard input, output and error. Of this module's other
/// descriptors it inherits none.
func spawn(
  _ program: String, _ arguments: [[UInt8]], environment: [String], streams: [OpenFile]
) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for (number, stream) in streams.enumerated() {
    posix_spawn_file_actions_adddup2(&actions, stream.descriptor, Int32(number))
  }
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  sigfillset(&signals)
  posix_spawnattr_setsigdefault(&attributes, &signals)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
  var processID: pid_t = 0
  let status = withCStrings([Array(program.utf8)] + arguments) { arguments in
    withCStrings(environment.map { Array($0.utf8) }) { environment in
      posix_spawn(&processID, program, &actions, &attributes, arguments, environment)
    }
  }
  guard status == 0 else {
    throw TestFailure("cannot start \(program): \(String(cString: strerror(status)))")
  }
  return processID
}

private func withCStrings<Result>(
  _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { string in
    (string + [0]).withUnsafeBytes { bytes in
      bytes.baseAddress.flatMap { strdup($0.assumingMemoryBound(to: CChar.self)) }
    }
  }
  defer { for pointer in pointers { free(pointer) } }
  pointers.append(nil)
  return body(pointers)
}

/// Sends a signal to a process that a child of ours has started.
package func killProcess(_ processID: Int, _ signal: Int32) {
  // 0 and below are groups of processes, ours among them.
  guard processID > 1, let processID = pid_t(exactly: processID) else { return }
  kill(processID, signal)
}
