internal import Glibc

/// Splits bytes into lines as they come: at LF, with one CR before it dropped.
///
/// A blank line is a line, nothing follows the last LF, and what stands after it without an LF of
/// its own is a line as it is, CR included. A line over the limit is read past without being held.
package struct LineSplitter: Sendable {
  /// One line of the input.
  package enum Line: Sendable, Equatable {
    case whole([UInt8])
    /// A line over the limit, with its length in bytes.
    case tooLong(byteCount: Int)
  }

  /// Longest line held, in bytes.
  package let byteCountMax: Int
  /// The start of a line whose end is not read yet; empty for one over the limit.
  private var held: [UInt8] = []
  /// Bytes of that line so far.
  private var byteCount = 0
  private var endsWithCR = false

  /// 64 MiB: as long as one call may be at a server with the default limits.
  package static let defaultByteCountMax = 64 << 20

  package init(byteCountMax: Int = LineSplitter.defaultByteCountMax) {
    self.byteCountMax = byteCountMax
  }

  /// Takes the next bytes and appends the lines that they end.
  package mutating func push(_ bytes: UnsafeRawBufferPointer, into lines: inout [Line]) {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      guard let end = memchr(start, 0x0A, rest.count) else {
        take(rest)
        return
      }
      let length = UnsafeRawPointer(end) - start
      take(UnsafeRawBufferPointer(rebasing: rest[..<length]))
      lines.append(endLine(dropsCR: true))
      rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
    }
  }

  /// The line without an LF at the end of the input, if there is one.
  package mutating func finish() -> Line? {
    byteCount == 0 ? nil : endLine(dropsCR: false)
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer) {
    guard let last = bytes.last else { return }
    byteCount += bytes.count
    endsWithCR = last == 0x0D
    // One more than the limit is held: it may be the CR that does not count.
    if byteCount <= byteCountMax + 1 {
      held.append(contentsOf: bytes)
    } else {
      held = []
    }
  }

  private mutating func endLine(dropsCR: Bool) -> Line {
    defer {
      held = []
      byteCount = 0
      endsWithCR = false
    }
    let length = byteCount - (dropsCR && endsWithCR ? 1 : 0)
    if length > byteCountMax { return .tooLong(byteCount: length) }
    held.removeLast(held.count - length)
    return .whole(held)
  }
}
