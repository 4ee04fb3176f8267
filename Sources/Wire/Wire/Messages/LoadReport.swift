internal import CWireMessages

/// A worker's load: in every response head, and as a frame of its own each second while idle.
package struct LoadReport: Sendable, Equatable {
  /// Predicted compute time of everything queued and running, in microseconds.
  package var backlogMicroseconds: UInt64
  package var queuedInputs: Int
  package var queuedBytes: Int
  /// Compute threads.
  package var threads: Int
  /// Learned: nanoseconds of one compute thread for a token of a short text.
  package var tokenNanoseconds: UInt64
  /// Learned: picoseconds for a squared token.
  package var tokenSquaredPicoseconds: UInt64
  /// Learned: tokens for 1,000 bytes of text.
  package var tokensPerKilobyte: Int
  /// The worker finishes what it has and takes no more.
  package var isDraining: Bool
  /// Learned: nanoseconds that a batch costs whatever is in it.
  package var batchNanoseconds: UInt64

  package init(
    backlogMicroseconds: UInt64 = 0, queuedInputs: Int = 0, queuedBytes: Int = 0, threads: Int = 0,
    tokenNanoseconds: UInt64 = 0, tokenSquaredPicoseconds: UInt64 = 0, tokensPerKilobyte: Int = 0,
    isDraining: Bool = false, batchNanoseconds: UInt64 = 0
  ) {
    self.backlogMicroseconds = backlogMicroseconds
    self.queuedInputs = queuedInputs
    self.queuedBytes = queuedBytes
    self.threads = threads
    self.tokenNanoseconds = tokenNanoseconds
    self.tokenSquaredPicoseconds = tokenSquaredPicoseconds
    self.tokensPerKilobyte = tokensPerKilobyte
    self.isDraining = isDraining
    self.batchNanoseconds = batchNanoseconds
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension LoadReport: ProtobufConvertible {
  typealias Raw = Millpond__V1__LoadReport
  static let messageName: StaticString = "LoadReport"
  static var initializeRaw: Initialize<Raw> { millpond__v1__load_report__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__load_report__unpack }

  init(raw: borrowing Raw) {
    backlogMicroseconds = raw.backlog_us
    queuedInputs = Int(raw.queued_inputs)
    queuedBytes = Int(clamping: raw.queued_bytes)
    threads = Int(raw.threads)
    tokenNanoseconds = raw.token_ns
    tokenSquaredPicoseconds = raw.token_squared_ps
    tokensPerKilobyte = Int(raw.tokens_per_kilobyte)
    isDraining = raw.draining != 0
    batchNanoseconds = raw.batch_ns
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.backlog_us = backlogMicroseconds
    raw.queued_inputs = UInt32(clamping: queuedInputs)
    raw.queued_bytes = UInt64(clamping: queuedBytes)
    raw.threads = UInt32(clamping: threads)
    raw.token_ns = tokenNanoseconds
    raw.token_squared_ps = tokenSquaredPicoseconds
    raw.tokens_per_kilobyte = UInt32(clamping: tokensPerKilobyte)
    raw.draining = isDraining ? 1 : 0
    raw.batch_ns = batchNanoseconds
  }
}
