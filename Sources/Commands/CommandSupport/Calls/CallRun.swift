package import MillpondClient

/// One command's work: its inputs as calls, its answers as a report on standard output.
package struct CallRun<Report: AnswerReport>: ~Copyable {
  private let source: InputSource
  private var report: Report
  private var progress: ProgressLine
  private var inputCount = 0
  private var failureCount = 0

  /// - Parameter report: how answers are printed.
  package init(_ source: InputSource, report: Report) {
    self.source = source
    self.report = report
    // Rows on the same terminal show progress by themselves.
    let rowsAreSeen = report.isStreaming && StandardStreams.outputIsTerminal
    progress = ProgressLine(
      byteCount: source.byteCount, isShown: StandardStreams.errorIsTerminal && !rowsAreSeen)
  }

  /// Answers every input.
  ///
  /// - Parameters:
  ///   - kinds: inputs of other kinds are refused in their places.
  ///   - name: the call's name for messages.
  ///   - call: answers inputs; one result for each.
  /// - Returns: `.success`, or `.inputFailed` if any input has an error.
  /// - Throws: `OutputClosed`, `CancellationError`, and `CommandFailure` for unreadable input.
  package consuming func run(
    kinds: InputKinds, name: String,
    call:
      @escaping @Sendable ([InputValue]) async throws(MillpondError) -> [Result<
        Report.Value, MillpondError
      >]
  ) async throws -> ExitStatus {
    var run = self
    defer { run.progress.clear() }
    try await streamCalls(from: run.source, kinds: kinds, name: name, call: call) { answer in
      try run.take(answer)
    }
    var page: [UInt8] = []
    run.report.finish(&page)
    run.progress.clear()
    try StandardStreams.write(page)
    return run.failureCount == 0 ? .success : .inputFailed
  }

  private mutating func take(_ answer: SliceAnswer<Report.Value>) throws {
    var page: [UInt8] = []
    for (offset, result) in answer.results.enumerated() {
      if case .failure = result { failureCount += 1 }
      report.add(
        index: answer.slice.firstIndex + offset, entry: answer.slice.entries[offset],
        result: result, to: &page)
    }
    inputCount += answer.results.count
    if !page.isEmpty {
      progress.clear()
      try StandardStreams.write(page)
    }
    progress.update(inputCount: inputCount, endByte: answer.slice.endByte)
  }
}
