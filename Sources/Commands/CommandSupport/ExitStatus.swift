/// What a program tells the shell by ending. Scripts depend on these numbers.
package enum ExitStatus: Int32, Sendable {
  /// Everything asked for was done.
  case success = 0
  /// At least one input has an error in place of a value; for `health`, the server is not ready.
  case inputFailed = 1
  /// The command line or the configuration is wrong, or asks for what is not built yet.
  case misuse = 2
  /// No server answered at the address, or it did not become ready in the time given.
  case serverNotReached = 3
  /// A server or a worker could not start.
  case notStarted = 4
  /// The user pressed Ctrl-C.
  case interrupted = 130
}

/// Why a command ends early: what to say on standard error and what to tell the shell.
package struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
  package var status: ExitStatus
  /// For a person, without the program's name and without a full stop at the end.
  package var message: String

  package init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  package var description: String { message }
}
