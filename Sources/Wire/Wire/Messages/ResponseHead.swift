internal import CWireMessages

/// The head of every response frame.
package struct ResponseHead: Sendable, Equatable {
  package var status: Status
  /// `<model>-<numerics>`, or empty where no model was asked.
  package var fingerprint: String
  package var timings: Timings
  /// The worker's load when it answered, or nil from a peer that has none.
  package var load: LoadReport?
  /// The contiguous range of the call's inputs that the frame's body answers.
  package var inputs: Range<Int>

  package init(
    status: Status = .ok, fingerprint: String = "", timings: Timings = Timings(),
    load: LoadReport? = nil, inputs: Range<Int> = 0..<0
  ) {
    self.status = status
    self.fingerprint = fingerprint
    self.timings = timings
    self.load = load
    self.inputs = inputs
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension ResponseHead: ProtobufConvertible {
  typealias Raw = Millpond__V1__ResponseHead
  static let messageName: StaticString = "ResponseHead"
  static var initializeRaw: Initialize<Raw> { millpond__v1__response_head__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__response_head__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    status = try value(raw.status) ?? .ok
    fingerprint = try raw.fingerprint.string("ResponseHead.fingerprint", byteCountMax: 256)
    timings = try value(raw.timings) ?? Timings()
    load = try value(raw.load)
    let first = Int(raw.first_input)
    inputs = first..<(first + Int(raw.input_count))
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.status = builder.message(status)
    raw.fingerprint = builder.bytes(fingerprint)
    raw.timings = builder.message(timings == Timings() ? nil : timings)
    raw.load = builder.message(load)
    raw.first_input = UInt32(clamping: inputs.lowerBound)
    raw.input_count = UInt32(clamping: inputs.count)
  }
}

/// Where a call's time went, in microseconds, as the sender of the answer saw it.
package struct Timings: Sendable, Equatable {
  package var queueMicroseconds: UInt64
  package var tokenizeMicroseconds: UInt64
  package var computeMicroseconds: UInt64
  package var totalMicroseconds: UInt64

  package init(
    queueMicroseconds: UInt64 = 0, tokenizeMicroseconds: UInt64 = 0,
    computeMicroseconds: UInt64 = 0, totalMicroseconds: UInt64 = 0
  ) {
    self.queueMicroseconds = queueMicroseconds
    self.tokenizeMicroseconds = tokenizeMicroseconds
    self.computeMicroseconds = computeMicroseconds
    self.totalMicroseconds = totalMicroseconds
  }
}

extension Timings: ProtobufConvertible {
  typealias Raw = Millpond__V1__Timings
  static let messageName: StaticString = "Timings"
  static var initializeRaw: Initialize<Raw> { millpond__v1__timings__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__timings__unpack }

  init(raw: borrowing Raw) {
    queueMicroseconds = raw.queue_us
    tokenizeMicroseconds = raw.tokenize_us
    computeMicroseconds = raw.compute_us
    totalMicroseconds = raw.total_us
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.queue_us = queueMicroseconds
    raw.tokenize_us = tokenizeMicroseconds
    raw.compute_us = computeMicroseconds
    raw.total_us = totalMicroseconds
  }
}

extension Status: ProtobufConvertible {
  typealias Raw = Millpond__V1__Status
  static let messageName: StaticString = "Status"
  static var initializeRaw: Initialize<Raw> { millpond__v1__status__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__status__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    code = StatusCode(rawValue: UInt32(truncatingIfNeeded: raw.code.rawValue)) ?? .unknown
    reason = StatusReason(rawValue: UInt32(truncatingIfNeeded: raw.reason.rawValue)) ?? .unspecified
    message = try raw.message.string("Status.message")
    isRetryable = raw.retryable != 0
    retryAfterMicroseconds = raw.retry_after_us
    inputIndex = raw.input.map { Int($0.pointee.index) }
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.code = Millpond__V1__Code(rawValue: .init(code.rawValue))
    raw.reason = Millpond__V1__Reason(rawValue: .init(reason.rawValue))
    raw.message = builder.bytes(message.truncated(toUTF8ByteCount: 4_096))
    raw.retryable = isRetryable ? 1 : 0
    raw.retry_after_us = retryAfterMicroseconds
    raw.input = builder.message(inputIndex.map(InputIndex.init))
  }
}

/// The index of an input: a message, so that none differs from 0.
private struct InputIndex {
  var index: Int
}

extension InputIndex: ProtobufConvertible {
  typealias Raw = Millpond__V1__InputIndex
  static let messageName: StaticString = "InputIndex"
  static var initializeRaw: Initialize<Raw> { millpond__v1__input_index__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__input_index__unpack }

  init(raw: borrowing Raw) {
    index = Int(raw.index)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.index = UInt32(clamping: index)
  }
}

extension String {
  /// The longest prefix of whole characters with at most that many UTF-8 bytes.
  fileprivate func truncated(toUTF8ByteCount limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var kept = Substring(self)
    while kept.utf8.count > limit { kept.removeLast() }
    return String(kept)
  }
}
