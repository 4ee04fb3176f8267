internal import DequeModule
package import NIOCore

/// The frames of one connection that wait to be written.
///
/// Frames that belong to no call go first. Then calls with few bytes waiting, in the order in which
/// they came; then those with more take turns frame by frame, so that an answer of ten thousand
/// inputs, in however many frames, does not hold up another. Frames of one call keep their order.
package struct OutboundQueue {
  /// Calls with up to this many bytes waiting do not wait for those with more.
  package static let smallBytesMax = 16 << 10

  /// What holding a frame costs beyond its bytes: a flood of empty frames is not free.
  package static let frameOverheadBytes = 128

  private struct Line {
    var frames: Deque<ByteBuffer> = []
    var byteCount = 0
    var isSmall = true
  }

  private var control: Deque<ByteBuffer> = []
  private var lines: [UInt64: Line] = [:]
  /// The calls with a small line, and those with a large one, in the order of their turns.
  private var small: Deque<UInt64> = []
  private var large: Deque<UInt64> = []
  /// Bytes of all frames that wait, with `frameOverheadBytes` for each.
  package private(set) var byteCount = 0

  package init() {}

  package var isEmpty: Bool { control.isEmpty && lines.isEmpty }

  /// - Parameter callID: 0 for frames that belong to no call.
  package mutating func append(_ frame: ByteBuffer, callID: UInt64) {
    byteCount += frame.readableBytes + Self.frameOverheadBytes
    guard callID != 0 else {
      control.append(frame)
      return
    }
    let isNew = lines[callID] == nil
    lines[callID, default: Line()].frames.append(frame)
    lines[callID, default: Line()].byteCount += frame.readableBytes
    if isNew { small.append(callID) }
    guard let line = lines[callID], line.isSmall, line.byteCount > Self.smallBytesMax else {
      return
    }
    lines[callID]?.isSmall = false
    small.removeAll { $0 == callID }
    large.append(callID)
  }

  /// The frame to write next, or nil when none waits.
  package mutating func popNext() -> ByteBuffer? {
    if let frame = control.popFirst() {
      byteCount -= frame.readableBytes + Self.frameOverheadBytes
      return frame
    }
    guard
      let callID = small.popFirst() ?? large.popFirst(),
      let frame = lines[callID]?.frames.popFirst()
    else { return nil }
    byteCount -= frame.readableBytes + Self.frameOverheadBytes
    lines[callID]?.byteCount -= frame.readableBytes
    if let line = lines[callID], !line.frames.isEmpty {
      if line.isSmall { small.append(callID) } else { large.append(callID) }
    } else {
      lines[callID] = nil
    }
    return frame
  }
}
