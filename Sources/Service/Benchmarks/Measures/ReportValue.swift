internal import JSON

/// A value of a report's JSON object.
enum ReportValue: Sendable {
  case number(Double)
  case integer(Int)
  case text(String)
  case bool(Bool)
  case numbers([Double])

  /// Writes the value. Numbers are rounded to six digits: no measurement has more.
  func write(to writer: inout JSONWriter) {
    switch self {
    case .number(let value): writer.number(value.rounded(digits: 6))
    case .integer(let value): writer.number(value)
    case .text(let value): writer.string(value)
    case .bool(let value): writer.bool(value)
    case .numbers(let values):
      writer.beginArray()
      for value in values { writer.number(value.rounded(digits: 6)) }
      writer.endArray()
    }
  }
}

/// Reports as one JSON line, or as lines of a name and a value.
enum ReportTable {
  /// Lines with the names in one column.
  static func text(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { name, value in
      name + String(repeating: " ", count: width - name.count + 2) + value + "\n"
    }.joined()
  }

  /// One line: an object with these members.
  static func json(_ fields: [(String, ReportValue)]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in fields {
      writer.key(key)
      value.write(to: &writer)
    }
    writer.endObject()
    writer.endLine()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension Double {
  /// The nearest number with so many significant decimal digits.
  package func rounded(digits: Int) -> Double {
    guard isFinite, self != 0 else { return self }
    var scale = 1.0
    var limit = 1.0
    for _ in 0..<digits { limit *= 10 }
    while (magnitude * scale).rounded() < limit / 10, scale < 1e15 { scale *= 10 }
    while (magnitude * scale).rounded() >= limit, scale > 1e-15 { scale /= 10 }
    return (self * scale).rounded() / scale
  }

  /// The number with so many decimals and with commas between thousands.
  package func grouped(decimals: Int) -> String {
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let shifted = (magnitude * Double(scale)).rounded()
    guard let value = Int(exactly: shifted) else { return description }
    let (whole, fraction) = value.quotientAndRemainder(dividingBy: scale)
    var digits = ""
    for (index, digit) in whole.description.reversed().enumerated() {
      if index > 0, index % 3 == 0 { digits.append(",") }
      digits.append(digit)
    }
    let tail = fraction.description
    let padding = String(repeating: "0", count: decimals - (decimals > 0 ? tail.count : 0))
    let sign = self < 0 && value != 0 ? "-" : ""
    return sign + String(digits.reversed()) + (decimals > 0 ? "." + padding + tail : "")
  }
}
