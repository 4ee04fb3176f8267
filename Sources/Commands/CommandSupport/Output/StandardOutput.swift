internal import Glibc

/// Nobody reads standard output any more (`… | head`): the command ends without a word.
package struct OutputClosed: Error, Sendable {
  package init() {}
}

/// Writing to the standard streams, whole and at once.
package enum StandardStreams {
  /// Writes all bytes to standard output.
  ///
  /// - Throws: `OutputClosed`; `CommandFailure` `.inputFailed` if the system refuses, as it does
  ///   when a disk is full.
  package static func write(_ bytes: [UInt8]) throws {
    try writeAll(bytes, to: STDOUT_FILENO)
  }

  /// Writes a line to standard error. There is nowhere to tell that this failed.
  package static func report(_ message: String) {
    reportRaw(Array((message + "\n").utf8))
  }

  /// Writes bytes to standard error as they are.
  package static func reportRaw(_ bytes: [UInt8]) {
    // Deliberately ignored: see above.
    try? writeAll(bytes, to: STDERR_FILENO)
  }

  /// Makes a closed pipe an error of the write instead of the end of the process.
  package static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }

  /// Whether standard output is a terminal.
  package static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard error is a terminal.
  package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal at standard output; 100 when there is none.
  package static var columns: Int {
    let size = terminalSize
    return size.ws_col > 0 ? Int(size.ws_col) : 100
  }

  /// Rows of the terminal; nil where there is none.
  package static var rows: Int? {
    let size = terminalSize
    return size.ws_row > 0 ? Int(size.ws_row) : nil
  }

  private static var terminalSize: winsize {
    var size = winsize()
    guard outputIsTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else {
      return winsize()
    }
    return size
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else {
          try handle(errno, descriptor)
        }
      }
    }
  }

  private static func handle(_ code: Int32, _ descriptor: Int32) throws {
    switch code {
    case EINTR: return
    case EAGAIN:
      // Someone made the stream non-blocking for a process that shares it.
      var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&request, 1, 1_000)
    case EPIPE: throw OutputClosed()
    default:
      throw CommandFailure(
        .inputFailed, "cannot write to standard output: \(systemMessage(code))")
    }
  }
}
