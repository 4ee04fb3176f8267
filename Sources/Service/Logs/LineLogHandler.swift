internal import Glibc
package import Logging

/// Logs to standard error, one line for each event:
/// `2026-01-31T12:00:00.123Z warning coordinator: a worker ended model=minilm wait="0.1 seconds"`.
///
/// Times are UTC. Metadata follow as `key=value`, sorted by key; a value is quoted where it is not
/// one plain word. Control characters are escaped, so that an event is always one line. A line is
/// written at once, so that lines of several processes do not mix.
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level
  private let label: String

  /// - Parameters:
  ///   - label: which part of the system speaks.
  ///   - logLevel: events below are dropped.
  package init(label: String, logLevel: Logger.Level) {
    self.label = label
    self.logLevel = logLevel
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let line = Array((line(event, seconds: now.tv_sec, nanoseconds: now.tv_nsec) + "\n").utf8)
    // A log that cannot be written has nowhere to say so.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The line of an event without its end. The time is in seconds since 1970.
  package func line(_ event: LogEvent, seconds: Int, nanoseconds: Int) -> String {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    if let error = event.error { all["error"] = "\(error)" }
    let time = Self.timestamp(seconds: seconds, nanoseconds: nanoseconds)
    var line = "\(time) \(event.level.rawValue) \(label): "
    line += Self.escaped(event.message.description)
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      line += " \(Self.escaped(key))=\(Self.word("\(value)"))"
    }
    return line
  }

  /// UTC in the form of RFC 3339, with milliseconds.
  package static func timestamp(seconds: Int, nanoseconds: Int) -> String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date =
      "\(padded(Int(parts.tm_year) + 1_900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))"
      + "-\(padded(Int(parts.tm_mday), 2))"
    let time =
      "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2))"
      + ":\(padded(Int(parts.tm_sec), 2)).\(padded(nanoseconds / 1_000_000, 3))"
    return "\(date)T\(time)Z"
  }

  private static func word(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
    return isPlain ? value : "\"" + escaped(value, quotes: true) + "\""
  }

  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A: line += #"\n"#
      case 0x22 where quotes: line += #"\""#
      case 0x5C where quotes: line += #"\\"#
      case 0x00..<0x20, 0x7F..<0xA0, 0x2028...0x2029:
        line += #"\u{"# + String(scalar.value, radix: 16) + "}"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }

  private static func padded(_ value: Int, _ count: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
}
