internal import DequeModule
package import NIOCore

/// The frames of one connection that wait to be written.
///
/// Small frames go first. Frames of large answers take turns by call, so that one of ten thousand
/// inputs does not hold up another. Frames of one call keep their order.
package struct OutboundQueue {
  /// Frames up to this size do not wait for larger ones, in bytes.
  package static let smallFrameBytesMax = 16 << 10

  private struct Line {
    var callID: UInt64
    var frames: Deque<ByteBuffer>
  }

  private var small: Deque<ByteBuffer> = []
  private var lines: Deque<Line> = []
  /// Bytes of all frames that wait.
  package private(set) var byteCount = 0

  package init() {}

  package var isEmpty: Bool { byteCount == 0 }

  /// - Parameter callID: 0 for frames that belong to no call.
  package mutating func append(_ frame: ByteBuffer, callID: UInt64) {
    byteCount += frame.readableBytes
    if callID != 0, let index = lines.firstIndex(where: { $0.callID == callID }) {
      lines[index].frames.append(frame)
    } else if frame.readableBytes <= Self.smallFrameBytesMax {
      small.append(frame)
    } else {
      lines.append(Line(callID: callID, frames: [frame]))
    }
  }

  /// The frame to write next, or nil when none waits.
  package mutating func popNext() -> ByteBuffer? {
    if let frame = small.popFirst() {
      byteCount -= frame.readableBytes
      return frame
    }
    guard var line = lines.popFirst(), let frame = line.frames.popFirst() else { return nil }
    if !line.frames.isEmpty { lines.append(line) }
    byteCount -= frame.readableBytes
    return frame
  }

  /// Forgets what waits for a call that nobody listens to any more.
  ///
  /// - Returns: whether anything was dropped: the call's answer then is not whole.
  package mutating func removeAll(callID: UInt64) {
    guard let index = lines.firstIndex(where: { $0.callID == callID }) else { return }
    byteCount -= lines[index].frames.reduce(0) { $0 + $1.readableBytes }
    lines.remove(at: index)
  }
}
