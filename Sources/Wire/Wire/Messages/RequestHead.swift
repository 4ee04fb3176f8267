internal import CWireMessages

/// The calls. The raw values are the wire's.
package enum Method: UInt32, Sendable, CaseIterable {
  case embed = 1
  case classify = 2
  case score = 3
  case tokenize = 4
  case info = 5
  case health = 6
  case admin = 7
}

/// Who is served first.
package enum Priority: UInt32, Sendable {
  case interactive = 0
  case bulk = 1
}

/// Whether equal open calls may be computed once, and finished answers be kept.
package enum Sharing: UInt32, Sendable {
  /// As the server is configured.
  case serverDefault = 0
  /// The call is computed for itself.
  case off = 1
}

/// The head of a request's first frame: what a relay routes on.
package struct RequestHead: Sendable, Equatable {
  /// The method as a number, which may be one that this version does not know.
  package var methodNumber: UInt32
  /// The model's name; empty means the only one.
  package var model: String
  /// What remains of the caller's patience, in microseconds; nil is no deadline.
  package var remainingMicroseconds: UInt64?
  package var priority: Priority
  /// Inputs in the body.
  package var inputCount: Int
  /// UTF-8 bytes of all texts in the body.
  package var textByteCount: Int
  /// At most 128 bytes.
  package var requestID: String
  /// W3C trace context, at most 256 bytes.
  package var traceparent: String
  /// Caller identity, at most 4,096 bytes.
  package var token: String
  /// Only workers with this fingerprint may answer; empty is any. At most 256 bytes.
  package var fingerprint: String
  package var sharing: Sharing

  package init(
    method: Method?, model: String = "", remainingMicroseconds: UInt64? = nil,
    priority: Priority = .interactive, inputCount: Int = 0, textByteCount: Int = 0,
    requestID: String = "", traceparent: String = "", token: String = "",
    fingerprint: String = "", sharing: Sharing = .serverDefault
  ) {
    self.methodNumber = method?.rawValue ?? 0
    self.model = model
    self.remainingMicroseconds = remainingMicroseconds
    self.priority = priority
    self.inputCount = inputCount
    self.textByteCount = textByteCount
    self.requestID = requestID
    self.traceparent = traceparent
    self.token = token
    self.fingerprint = fingerprint
    self.sharing = sharing
  }

  /// - Throws: INVALID_ARGUMENT if the body holds another number of inputs than the head says: the
  ///   bounds were checked against the head's.
  package func check(inputCount: Int) throws(Status) {
    guard inputCount == self.inputCount else {
      throw Status(
        .invalidArgument,
        "the head counts \(self.inputCount) inputs, the body has \(inputCount)")
    }
  }

  /// The method, or nil for a number that this version does not know.
  package var method: Method? { Method(rawValue: methodNumber) }

  private static let modelBytesMax = 256
  private static let requestIDBytesMax = 128
  private static let traceparentBytesMax = 256
  private static let tokenBytesMax = 4_096
  private static let fingerprintBytesMax = 256

  /// Names the first field that is longer than a server reads, with limit and actual value; nil
  /// when all fit.
  package var oversizedField: String? {
    let fields: [(name: String, byteCount: Int, limit: Int)] = [
      ("model", model.utf8.count, Self.modelBytesMax),
      ("request_id", requestID.utf8.count, Self.requestIDBytesMax),
      ("traceparent", traceparent.utf8.count, Self.traceparentBytesMax),
      ("token", token.utf8.count, Self.tokenBytesMax),
      ("fingerprint", fingerprint.utf8.count, Self.fingerprintBytesMax),
    ]
    return fields.first { $0.byteCount > $0.limit }.map {
      "RequestHead.\($0.name) has \($0.byteCount) bytes, the limit is \($0.limit)"
    }
  }

  /// The budget alone, encoded: behind a head it counts in place of the head's own.
  ///
  /// A budget that is used up is sent as its last microsecond: 0 would leave the head's in force.
  package static func encodedBudget(microseconds: UInt64) -> [UInt8] {
    let budget = RequestHead(method: nil, remainingMicroseconds: max(1, microseconds))
    return budget.encoded()
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension RequestHead: ProtobufConvertible {
  typealias Raw = Millpond__V1__RequestHead
  static let messageName: StaticString = "RequestHead"
  static var initializeRaw: Initialize<Raw> { millpond__v1__request_head__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__request_head__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    methodNumber = UInt32(truncatingIfNeeded: raw.method.rawValue)
    model = try raw.model.string("RequestHead.model", byteCountMax: Self.modelBytesMax)
    remainingMicroseconds = raw.budget.map { $0.pointee.remaining_us }
    priority = raw.priority == MILLPOND__V1__PRIORITY__PRIORITY_BULK ? .bulk : .interactive
    inputCount = Int(raw.input_count)
    textByteCount = Int(clamping: raw.text_bytes)
    requestID = try raw.request_id.string(
      "RequestHead.request_id", byteCountMax: Self.requestIDBytesMax)
    traceparent = try raw.traceparent.string(
      "RequestHead.traceparent", byteCountMax: Self.traceparentBytesMax)
    token = try raw.token.string("RequestHead.token", byteCountMax: Self.tokenBytesMax)
    fingerprint = try raw.fingerprint.string(
      "RequestHead.fingerprint", byteCountMax: Self.fingerprintBytesMax)
    sharing = raw.sharing == MILLPOND__V1__SHARING__SHARING_OFF ? .off : .serverDefault
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.method = Millpond__V1__Method(rawValue: .init(truncatingIfNeeded: methodNumber))
    raw.model = builder.bytes(model)
    raw.budget = builder.message(remainingMicroseconds.map(Budget.init))
    raw.priority = Millpond__V1__Priority(rawValue: .init(priority.rawValue))
    raw.input_count = UInt32(clamping: inputCount)
    raw.text_bytes = UInt64(clamping: textByteCount)
    raw.request_id = builder.bytes(requestID)
    raw.traceparent = builder.bytes(traceparent)
    raw.token = builder.bytes(token)
    raw.fingerprint = builder.bytes(fingerprint)
    raw.sharing = Millpond__V1__Sharing(rawValue: .init(sharing.rawValue))
  }
}

/// What is left of a deadline, in microseconds: a message, so that none differs from 0.
private struct Budget {
  var remainingMicroseconds: UInt64
}

extension Budget: ProtobufConvertible {
  typealias Raw = Millpond__V1__Budget
  static let messageName: StaticString = "Budget"
  static var initializeRaw: Initialize<Raw> { millpond__v1__budget__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__budget__unpack }

  init(raw: borrowing Raw) {
    remainingMicroseconds = raw.remaining_us
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.remaining_us = remainingMicroseconds
  }
}
