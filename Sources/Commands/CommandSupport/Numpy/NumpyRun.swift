package import MillpondClient

/// `embed --output`: its inputs as calls, their vectors as rows of an .npy file, their errors as
/// lines on standard error.
package struct NumpyRun: ~Copyable {
  private let source: InputSource
  private let file: NumpyFile
  private var rows: NumpyRows
  private var progress: ProgressLine
  private var inputCount = 0
  private var failureCount = 0

  /// - Parameter header: with the dimensions where they are known.
  package init(_ source: InputSource, to file: NumpyFile, _ header: NumpyHeader) {
    self.source = source
    self.file = file
    rows = NumpyRows(header)
    progress = ProgressLine(byteCount: source.byteCount, isShown: StandardStreams.errorIsTerminal)
  }

  /// Answers every input.
  ///
  /// - Parameter call: answers inputs; one result for each.
  /// - Returns: `.success`, or `.inputFailed` if any input has an error: its row is of NaN.
  /// - Throws: `CancellationError`, and `CommandFailure` for what cannot be read or written; then
  ///   there is no file.
  package consuming func run(
    call:
      @escaping @Sendable ([InputValue]) async throws(MillpondError) -> [Result<
        Embedding, MillpondError
      >]
  ) async throws -> ExitStatus {
    var run = self
    defer { run.progress.clear() }
    try await streamCalls(from: run.source, kinds: [.text, .ids], name: "embed", call: call) {
      try run.take($0)
    }
    try run.file.finish(run.rows.header)
    return run.failureCount == 0 ? .success : .inputFailed
  }

  private mutating func take(_ answer: SliceAnswer<Embedding>) throws {
    var page: [UInt8] = []
    for (offset, result) in answer.results.enumerated() {
      let (bytes, error) = rows.add(result)
      page += bytes
      guard let error else { continue }
      failureCount += 1
      progress.clear()
      let message = TerminalText.escaped(error.message)
      StandardStreams.report(
        "input \(answer.slice.firstIndex + offset): \(error.code.name): \(message)")
    }
    try file.append(page)
    inputCount += answer.results.count
    progress.update(inputCount: inputCount, endByte: answer.slice.endByte)
  }
}
