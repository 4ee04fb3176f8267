/// What one side of a connection accepts, as its hello states it.
package struct WireLimits: Sendable, Hashable {
  /// Longest frame read, header included, in bytes.
  package var frameBytes: Int
  /// Calls open at once on a connection.
  package var calls: Int
  /// Request body bytes open at once on a connection.
  package var bytes: Int
  /// Longest request body of one call, in bytes.
  package var callBytes: Int
  /// Most inputs of one call.
  package var callInputs: Int

  package init(frameBytes: Int, calls: Int, bytes: Int, callBytes: Int, callInputs: Int) {
    self.frameBytes = frameBytes
    self.calls = calls
    self.bytes = bytes
    self.callBytes = callBytes
    self.callInputs = callInputs
  }

  /// A server's: frames of 4 MiB, 1,024 calls and 128 MiB open at once, 64 MiB and 65,536 inputs a
  /// call.
  package static var server: WireLimits {
    WireLimits(
      frameBytes: 4 << 20, calls: 1_024, bytes: 128 << 20, callBytes: 64 << 20, callInputs: 65_536)
  }

  /// A client's: frames of 4 MiB, and no calls.
  package static var client: WireLimits {
    WireLimits(frameBytes: 4 << 20, calls: 0, bytes: 0, callBytes: 0, callInputs: 0)
  }

  /// The smallest frame limit that a peer may state: 64 KiB, so that any head fits.
  package static let frameBytesMin = (64 << 10) + FrameHeader.byteCount

  /// Longest hello, go-away, ping, cancel or load report, header included, in bytes.
  package static let controlFrameBytesMax = 8 << 10

  /// Longest head, in bytes.
  package static let headBytesMax = 16 << 10

  /// Most bytes of results in one call's answer: with room for others it stays below what may wait
  /// to be written on a connection, and a part of a single result below `partBytesMax`.
  package static let answerBytesMax = 240 << 20

  /// Longest part of an answer that a client joins from several frames, in bytes.
  package static let partBytesMax = 256 << 20
}
