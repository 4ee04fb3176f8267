/// The line on standard error that shows how far long work is. A value; time is passed in.
package struct Progress: Sendable {
  private let byteCount: Int?
  private let started: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?

  /// Nothing is shown of work that takes no longer than this.
  package static let delay = Duration.seconds(1)
  /// Between two updates.
  package static let interval = Duration.milliseconds(100)

  /// - Parameter byteCount: of the whole input, where it is known.
  package init(byteCount: Int?, now: ContinuousClock.Instant) {
    self.byteCount = byteCount
    started = now
  }

  /// What to write now, if it is time: it replaces what was written last.
  ///
  /// - Parameters:
  ///   - inputCount: inputs answered so far.
  ///   - endByte: bytes of the input that they took.
  package mutating func update(
    inputCount: Int, endByte: Int, now: ContinuousClock.Instant
  ) -> String? {
    let elapsed = now - started
    guard elapsed >= Self.delay else { return nil }
    if let lastShown, now - lastShown < Self.interval { return nil }
    lastShown = now
    let rate = Double(inputCount) / max(elapsed / .seconds(1), 1e-9)
    var line = "\(NumberText.grouped(inputCount)) inputs, \(NumberText.fixed(rate, 0))/s"
    if let byteCount, byteCount > 0 {
      let fraction = min(Float(endByte) / Float(byteCount), 1)
      let bar = NumberText.bar(fraction, columns: 20).padded(right: 20)
      let percent = NumberText.fixed(fraction * 100, 0).padded(left: 3)
      line = "▕\(bar)▏\(percent) %  " + line
    }
    return "\r\u{1B}[K" + line
  }

  /// What to write before anything else is written there.
  package mutating func clear() -> String? {
    guard lastShown != nil else { return nil }
    lastShown = nil
    return "\r\u{1B}[K"
  }
}
