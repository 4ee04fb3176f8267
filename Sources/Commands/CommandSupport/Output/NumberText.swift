/// Numbers for people.
package enum NumberText {
  /// A number with so many digits after the point, rounded half away from zero: `0.1250`.
  ///
  /// What is not finite or too large for that is written as Swift writes it.
  package static func fixed(_ value: Float, _ fractionDigits: Int) -> String {
    fixed(Double(value), fractionDigits)
  }

  /// As for `Float`. At most 9 digits after the point.
  package static func fixed(_ value: Double, _ fractionDigits: Int) -> String {
    var scale = 1
    for _ in 0..<min(max(fractionDigits, 0), 9) { scale *= 10 }
    let scaled = (value.magnitude * Double(scale)).rounded()
    guard scaled < 9e15 else { return value.description }
    let whole = Int(scaled)
    let sign = value < 0 && whole > 0 ? "-" : ""
    let integer = sign + String(whole / scale)
    if scale == 1 { return integer }
    return integer + "." + String(String(scale + whole % scale).dropFirst())
  }

  /// A count with commas: `1,234,567`.
  package static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = value < 0 ? "-" : ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// Bytes in the largest unit that leaves a whole part: `117.7 MiB`.
  package static func bytes(_ count: UInt64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    if count < 1_024 { return "\(count) B" }
    var value = Double(count) / 1_024
    var unit = 0
    while value >= 1_024, unit < units.count - 1 {
      value /= 1_024
      unit += 1
    }
    return fixed(value, 1) + " " + units[unit]
  }

  /// A time in the unit that suits it: `850 µs`, `12.5 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`.
  package static func duration(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    switch seconds {
    case ..<0.001: return fixed(seconds * 1e6, 0) + " µs"
    case ..<1: return fixed(seconds * 1e3, 1) + " ms"
    case ..<60: return fixed(seconds, 1) + " s"
    case ..<3_600: return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
    case ..<1e9: return "\(Int(seconds) / 3_600) h \(Int(seconds) % 3_600 / 60) min"
    default: return fixed(seconds, 0) + " s"
    }
  }

  /// A bar of `columns` columns, full for 1, in eighths of a column, without trailing spaces.
  package static func bar(_ fraction: Float, columns: Int) -> String {
    guard fraction > 0, columns > 0 else { return "" }
    let eighths = Int((min(fraction, 1) * Float(columns * 8)).rounded())
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + partial
  }
}

extension String {
  /// With spaces in front up to so many characters.
  func padded(left count: Int) -> String {
    String(repeating: " ", count: max(0, count - self.count)) + self
  }

  /// With spaces behind up to so many terminal columns.
  func padded(right count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - TerminalText.columns(of: self)))
  }
}
