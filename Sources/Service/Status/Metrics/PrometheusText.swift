/// Metrics in Prometheus's text exposition format, version 0.0.4.
///
/// Samples of one name must come one after another: HELP and TYPE are written before the first of
/// them. Names and labels' names are ours and are `[a-zA-Z_][a-zA-Z0-9_]*`; labels' values and help
/// may be any text. It grows with what is written: whoever writes bounds how many samples there are.
package struct PrometheusText: Sendable {
  /// What an HTTP answer with it is declared as.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// A sample's labels in the order in which they are written.
  package typealias Labels = [(name: String, value: String)]

  /// What is written so far. UTF-8; each line ends with LF.
  package private(set) var bytes: [UInt8] = []
  /// The name whose HELP and TYPE were written last.
  private var family = ""

  /// Nothing yet.
  package init() {}

  /// What is written so far.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A sample of something that only rises while the process runs, written exactly; by convention
  /// its name ends with `_total`.
  package mutating func counter(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ value: some BinaryInteger
  ) {
    write(name, help, "counter", labels, value.description)
  }

  /// The same of something that is not counted in whole numbers: seconds, for example.
  package mutating func counter(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ value: Double
  ) {
    write(name, help, "counter", labels, Self.number(value))
  }

  /// A sample of something that rises and falls.
  package mutating func gauge(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ value: Double
  ) {
    write(name, help, "gauge", labels, Self.number(value))
  }

  /// The same in whole numbers, which are written exactly.
  package mutating func gauge(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ value: some BinaryInteger
  ) {
    write(name, help, "gauge", labels, value.description)
  }

  /// A sample that is yes, 1, or no, 0.
  package mutating func gauge(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ value: Bool
  ) {
    write(name, help, "gauge", labels, value ? "1" : "0")
  }

  /// A histogram: a line for each bound with how many were at most that, and those of all, with
  /// their sum and count. `labels` has no `le`.
  package mutating func histogram(
    _ name: StaticString, _ help: StaticString, labels: Labels = [], _ histogram: Histogram
  ) {
    begin(name, help, "histogram")
    var cumulative: UInt64 = 0
    for (bound, count) in zip(histogram.bounds.upper, histogram.counts) {
      cumulative += count
      sample(
        "\(name)_bucket", labels + [("le", Self.number(bound))], cumulative.description)
    }
    sample("\(name)_bucket", labels + [("le", "+Inf")], histogram.count.description)
    sample("\(name)_sum", labels, Self.number(histogram.sum))
    sample("\(name)_count", labels, histogram.count.description)
  }

  // MARK: - Parts

  /// The shortest decimal that reads back to the same number; `NaN`, `+Inf` and `-Inf`.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private mutating func write(
    _ name: StaticString, _ help: StaticString, _ type: String, _ labels: Labels, _ value: String
  ) {
    begin(name, help, type)
    sample(name.description, labels, value)
  }

  private mutating func begin(_ name: StaticString, _ help: StaticString, _ type: String) {
    let name = name.description
    guard family != name else { return }
    assert(Self.isName(name), "not a name of a metric")
    family = name
    append("# HELP \(name) ")
    appendEscaped(help.description, quotes: false)
    append("\n# TYPE \(name) \(type)\n")
  }

  private mutating func sample(_ name: String, _ labels: Labels, _ value: String) {
    append(name)
    for (index, label) in labels.enumerated() {
      assert(Self.isName(label.name), "not a name of a label")
      append(index == 0 ? "{" : ",")
      append(label.name)
      append("=\"")
      appendEscaped(label.value, quotes: true)
      append("\"")
    }
    append(labels.isEmpty ? " " : "} ")
    append(value)
    append("\n")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func appendEscaped(_ text: String, quotes: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): append(#"\\"#)
      case UInt8(ascii: "\n"): append(#"\n"#)
      case UInt8(ascii: "\"") where quotes: append(#"\""#)
      default: bytes.append(byte)
      }
    }
  }

  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
      default: false
      }
    }
  }
}
