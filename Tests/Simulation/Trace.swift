/// The last things that happened, for whoever looks at a failure.
struct Trace {
  var kept = 80
  private var lines: [String] = []
  private var next = 0

  mutating func add(_ now: Int64, _ line: @autoclosure () -> String) {
    let line = "\(Double(now / 1_000) / 1_000) ms  \(line())"
    if lines.count < kept {
      lines.append(line)
    } else {
      lines[next] = line
      next = (next + 1) % kept
    }
  }

  var text: String { (lines[next...] + lines[..<next]).joined(separator: "\n") }
}
