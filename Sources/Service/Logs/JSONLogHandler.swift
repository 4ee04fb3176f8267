internal import Glibc
internal import JSON
package import Logging

/// Logs to standard error, one JSON object a line for each event:
/// `{"time":"2026-01-31T12:00:00.123Z","level":"warning","label":"coordinator","message":"…","model":"minilm"}`.
///
/// Times are UTC. Metadata follow as members, sorted by key; lists and dictionaries of them are
/// arrays and objects, anything else is a string. A key that is one of the first four gets an
/// underscore before it. A line has at most 16 KiB: what goes beyond is cut, strings with an
/// ellipsis at their end, and `"cut":true` says so. A line is written at once, so that lines of
/// several processes do not mix.
package struct JSONLogHandler: LogHandler {
  /// Bytes of a line, its end included.
  package static let lineBytesMax = 16 << 10

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
    let line = line(event, seconds: now.tv_sec, nanoseconds: now.tv_nsec)
    // A log that cannot be written has nowhere to say so.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The line of an event with its end. The time is in seconds since 1970.
  package func line(_ event: LogEvent, seconds: Int, nanoseconds: Int) -> [UInt8] {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    if let error = event.error { all["error"] = "\(error)" }
    var object = BoundedObject(bytesMax: Self.lineBytesMax)
    let time = LineLogHandler.timestamp(seconds: seconds, nanoseconds: nanoseconds)
    object.add("time", .string(time))
    object.add("level", .string(event.level.rawValue))
    object.add("label", .string(label))
    object.add("message", .string(event.message.description))
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      object.add(Self.ownKeys.contains(key) ? "_" + key : key, value)
    }
    return object.finish()
  }

  private static let ownKeys: Set = ["time", "level", "label", "message", "cut"]
}

/// One JSON object of bounded length, written member after member.
private struct BoundedObject {
  /// How deep values may nest; what is deeper is written as one string.
  private static let depthMax = 8
  /// Room for the ends of all that is open, the mark of the cut and the end of the line.
  private static let reserve = 64
  /// A member for which less than this is left is left out.
  private static let memberBytesMin = 16

  private let bytesMax: Int
  private var writer = JSONWriter()
  private var isCut = false

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
    writer.beginObject()
  }

  /// Bytes that may still be written.
  private var room: Int { bytesMax - Self.reserve - writer.bytes.count }

  mutating func add(_ key: String, _ value: Logger.MetadataValue) {
    add(key, value, depth: 1)
  }

  mutating func finish() -> [UInt8] {
    if isCut {
      writer.key("cut")
      writer.bool(true)
    }
    writer.endObject()
    writer.endLine()
    return writer.bytes
  }

  private mutating func add(_ key: String, _ value: Logger.MetadataValue, depth: Int) {
    // A key that does not fit is not worth its cut value.
    guard key.escapedByteCount + Self.memberBytesMin <= room else {
      isCut = true
      return
    }
    writer.key(key)
    add(value, depth: depth)
  }

  private mutating func add(_ value: Logger.MetadataValue, depth: Int) {
    switch value {
    case .string(let text): add(text)
    case .stringConvertible(let value): add(value.description)
    case .array(let values) where depth < Self.depthMax:
      writer.beginArray()
      for value in values {
        guard Self.memberBytesMin <= room else {
          isCut = true
          break
        }
        add(value, depth: depth + 1)
      }
      writer.endArray()
    case .dictionary(let values) where depth < Self.depthMax:
      writer.beginObject()
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        add(key, value, depth: depth + 1)
      }
      writer.endObject()
    case .array, .dictionary: add("\(value)")
    }
  }

  private mutating func add(_ text: String) {
    // Quotes and a comma.
    let room = room - 3
    guard text.escapedByteCount > room else { return writer.string(text) }
    isCut = true
    writer.string(text.cut(toEscapedBytes: room))
  }
}

extension String {
  private static let ellipsis = "…"

  /// Bytes between the quotes of a JSON string.
  fileprivate var escapedByteCount: Int { utf8.reduce(0) { $0 + Self.escapedBytes($1) } }

  /// As much from the beginning as fits with an ellipsis behind it.
  fileprivate func cut(toEscapedBytes limit: Int) -> String {
    var left = limit - Self.ellipsis.utf8.count
    var kept = ""
    for scalar in unicodeScalars {
      left -= UTF8.encode(scalar)?.reduce(0) { $0 + Self.escapedBytes($1) } ?? 0
      guard left >= 0 else { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept + Self.ellipsis
  }

  private static func escapedBytes(_ byte: UInt8) -> Int {
    switch byte {
    case 0x00..<0x20: 6
    case 0x22, 0x5C: 2
    default: 1
    }
  }
}
