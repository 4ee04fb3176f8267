/// How far a command is, on standard error where somebody may look.
struct ProgressLine {
  private var progress: Progress
  private let isShown: Bool

  /// - Parameter byteCount: of the whole input, where it is known.
  init(byteCount: Int?, isShown: Bool) {
    progress = Progress(byteCount: byteCount, now: .now)
    self.isShown = isShown
  }

  /// Shows it, if it is time.
  mutating func update(inputCount: Int, endByte: Int) {
    guard isShown else { return }
    if let line = progress.update(inputCount: inputCount, endByte: endByte, now: .now) {
      StandardStreams.reportRaw(Array(line.utf8))
    }
  }

  /// Takes it away, before anything else is written there.
  mutating func clear() {
    if let line = progress.clear() { StandardStreams.reportRaw(Array(line.utf8)) }
  }
}
