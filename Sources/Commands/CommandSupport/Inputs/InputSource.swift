internal import Dispatch

/// The inputs of a command, slice by slice, in bounded memory.
///
/// What has been read is given at once when more would have to be waited for, so that whoever
/// types lines or follows a log sees answers as soon as there are some.
package final class InputSource: @unchecked Sendable {
  // Invariant behind @unchecked: after init these three are touched on `queue` only, which runs
  // one block at a time.
  private var assembler: InputAssembler
  private var buffer: [UInt8]
  private var isEnded: Bool

  private let file: InputFile?
  // Reads may wait for ever: a thread of Swift's own pool, which has one a core, must not.
  private let queue = DispatchQueue(label: "millpond.input")

  /// Length of the whole input in bytes where it is known.
  package var byteCount: Int? { file?.byteCount }

  /// Texts from the command line.
  package init(texts: [[UInt8]], limits: InputAssembler.Limits = .defaults) {
    file = nil
    assembler = InputAssembler(.text, limits: limits)
    assembler.push(texts: texts)
    buffer = []
    isEnded = true
  }

  /// A file by its path; "-" is standard input.
  ///
  /// - Throws: `.misuse`, naming the file, if it cannot be opened.
  package init(
    path: String, format: InputAssembler.Format, limits: InputAssembler.Limits = .defaults
  ) throws(CommandFailure) {
    file = try InputFile(path: path)
    assembler = InputAssembler(format, limits: limits)
    buffer = Array(repeating: 0, count: 256 << 10)
    isEnded = false
  }

  /// Sets how large slices get from the next one on.
  package func limitSlices(to limits: InputAssembler.Limits) {
    queue.sync { assembler.limits = limits }
  }

  /// The next inputs in order, at least one; nil at the end and once the task is cancelled.
  ///
  /// - Throws: `.inputFailed`, naming the file, if reading fails.
  package func next() async throws -> InputSlice? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async {
          continuation.resume(with: Result { try self.readSlice() })
        }
      }
    } onCancel: {
      file?.cancel()
    }
  }

  private func readSlice() throws -> InputSlice? {
    while true {
      if let slice = assembler.nextSlice(isFlush: false) { return slice }
      guard !isEnded, let file else { return assembler.nextSlice(isFlush: true) }
      if assembler.hasInputs, !file.isReadable { return assembler.nextSlice(isFlush: true) }
      switch try buffer.withUnsafeMutableBytes(file.read) {
      case .bytes(let count):
        buffer.withUnsafeBytes { assembler.push(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      case .end:
        assembler.finish()
        isEnded = true
      case .cancelled: return nil
      }
    }
  }
}
