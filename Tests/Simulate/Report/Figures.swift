internal import JSON

/// What an experiment found: a table for people, and the same numbers by name.
struct Figures {
  struct Row {
    var name: String
    var values: [Double]
  }

  /// Of the command line and the JSON.
  var name: String
  /// What was run, in a sentence or two.
  var text: String
  /// Names of the values.
  var columns: [String]
  /// Decimals of each column.
  var decimals: [Int]
  var rows: [Row] = []
  /// What must hold, in words, and whether it does.
  var targets: [(text: String, isMet: Bool)] = []

  var markdown: String {
    var lines = ["### \(name)", "", text, ""]
    lines.append("|  | " + columns.joined(separator: " | ") + " |")
    lines.append("| --- |" + String(repeating: " ---: |", count: columns.count))
    for row in rows {
      let cells = zip(row.values, decimals).map { $0.text(decimals: $1) }
      lines.append("| \(row.name) | " + cells.joined(separator: " | ") + " |")
    }
    lines.append("")
    for target in targets {
      lines.append("- \(target.text): \(target.isMet ? "met" : "**missed**")")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("name")
    writer.string(name)
    writer.key("columns")
    writer.beginArray()
    for column in columns { writer.string(column) }
    writer.endArray()
    writer.key("rows")
    writer.beginArray()
    for row in rows {
      writer.beginObject()
      writer.key("name")
      writer.string(row.name)
      writer.key("values")
      writer.beginArray()
      for (value, decimals) in zip(row.values, decimals) {
        _ = writer.number(value.rounded(decimals: decimals + 2))
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}

extension Double {
  func rounded(decimals: Int) -> Double {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    return (self * scale).rounded() / scale
  }

  func text(decimals: Int) -> String {
    guard isFinite else { return "–" }
    let value = rounded(decimals: decimals)
    guard decimals > 0 else { return "\(Int(value))" }
    let whole = Int(value.magnitude)
    var fraction = "\(Int(((value.magnitude - Double(whole)) * scale(decimals)).rounded()))"
    while fraction.count < decimals { fraction = "0" + fraction }
    return (value < 0 ? "-" : "") + "\(whole).\(fraction)"
  }

  private func scale(_ decimals: Int) -> Double {
    (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
  }
}

/// Measured values in order.
struct Sorted {
  let values: [Double]

  init(_ values: [Double]) {
    self.values = values.sorted()
  }

  var mean: Double { values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count) }

  /// The least value that so many of 100 do not exceed.
  subscript(percent: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let rank = Int((percent / 100 * Double(values.count)).rounded(.up))
    return values[min(max(rank - 1, 0), values.count - 1)]
  }
}
