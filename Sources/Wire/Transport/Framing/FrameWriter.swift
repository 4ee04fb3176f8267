package import NIOCore
internal import Wire

/// Writes the frames of one connection: gathers what comes up while the event loop deals with what
/// has arrived, and hands it to the system at once, in one call.
///
/// On the channel's event loop only.
final class FrameWriter {
  /// Frames up to this long are gathered; a longer one goes out as it is, uncopied.
  private static let gatheredFrameBytesMax = 32 << 10
  /// What is gathered is written once it is this long.
  private static let batchBytesMax = 64 << 10

  private let channel: any Channel
  private let eventLoop: any EventLoop
  private let onFlush: () -> Void
  private var batch = ByteBuffer()
  /// The length of the last batch: the next one begins with room for as much.
  private var lastBatchBytes = 0
  private var isFlushDue = false
  /// Bytes handed to the channel since the start.
  private var writtenBytes = 0

  /// - Parameter onFlush: called after what was gathered has been written.
  init(channel: any Channel, onFlush: @escaping () -> Void = {}) {
    self.channel = channel
    self.eventLoop = channel.eventLoop
    self.onFlush = onFlush
  }

  var isWritable: Bool { channel.isWritable }

  /// Bytes that the system has taken since the start, and those that it has not taken yet.
  var progress: (taken: Int, waiting: Int) {
    let buffered = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
    return (writtenBytes - (buffered ?? 0), (buffered ?? 0) + batch.readableBytes)
  }

  /// Takes a frame; it goes out when the loop is done with what has arrived.
  func write(_ frame: ByteBuffer) {
    if frame.readableBytes > Self.gatheredFrameBytesMax {
      release()
      hand(frame)
    } else {
      makeRoom()
      batch.writeImmutableBuffer(frame)
      if batch.readableBytes >= Self.batchBytesMax { release() }
    }
    flushSoon()
  }

  /// The same for a frame that is laid out only now.
  func write(
    _ kind: FrameKind, flags: FrameFlags, callID: UInt64, head: FrameHead, body: ByteBuffer
  ) {
    let header = FrameHeader(
      kind: kind, flags: flags, callID: callID, headByteCount: head.byteCount,
      bodyByteCount: body.readableBytes)
    makeRoom()
    batch.writeInteger(header.words.first, endianness: .little)
    batch.writeInteger(header.words.second, endianness: .little)
    head.write(to: &batch)
    batch.writeImmutableBuffer(body)
    if batch.readableBytes >= Self.batchBytesMax { release() }
    flushSoon()
  }

  /// Hands over what was gathered, and has it sent.
  func flush() {
    isFlushDue = false
    release()
    channel.flush()
  }

  private func flushSoon() {
    guard !isFlushDue else { return }
    isFlushDue = true
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.execute {
      bound.value.flush()
      bound.value.onFlush()
    }
  }

  private func makeRoom() {
    if batch.capacity == 0 { batch.reserveCapacity(min(lastBatchBytes, Self.batchBytesMax)) }
  }

  private func release() {
    guard batch.readableBytes > 0 else { return }
    hand(batch)
    lastBatchBytes = batch.readableBytes
    batch = ByteBuffer()
  }

  private func hand(_ bytes: ByteBuffer) {
    writtenBytes += bytes.readableBytes
    channel.write(bytes, promise: nil)
  }
}

/// A frame's head, encoded: by us, or as it came from another peer, with what is to count in place of
/// what it says. Of a field that stands twice in a protobuf message the last one counts.
package struct FrameHead: Sendable, Equatable {
  private enum Bytes: Sendable, Equatable {
    case own([UInt8])
    case relayed(ByteBuffer, overrides: [UInt8])
  }

  private let bytes: Bytes

  package init(_ encoded: [UInt8]) {
    bytes = .own(encoded)
  }

  /// - Parameter overrides: encoded fields that count in place of those in the head.
  package init(relaying head: ByteBuffer, overrides: [UInt8] = []) {
    bytes = .relayed(head, overrides: overrides)
  }

  package var byteCount: Int {
    switch bytes {
    case .own(let encoded): encoded.count
    case .relayed(let head, let overrides): head.readableBytes + overrides.count
    }
  }

  func write(to buffer: inout ByteBuffer) {
    switch bytes {
    case .own(let encoded): buffer.writeBytes(encoded)
    case .relayed(let head, let overrides):
      buffer.writeImmutableBuffer(head)
      if !overrides.isEmpty { buffer.writeBytes(overrides) }
    }
  }
}
