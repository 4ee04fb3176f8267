internal import CWireMessages

/// The first frame in each direction: version, what the sender accepts, and who it is.
package struct Hello: Sendable, Equatable {
  /// The protocol version that this code speaks.
  package static let version = 1

  package var version: Int
  package var limits: WireLimits
  /// For logs: "millpond 0.1.0 worker". At most 128 bytes.
  package var agent: String
  /// The caller's token, if the operator demands one.
  package var token: String

  package init(
    version: Int = Hello.version, limits: WireLimits, agent: String, token: String = ""
  ) {
    self.version = version
    self.limits = limits
    self.agent = agent
    self.token = token
  }

  /// - Throws: `.malformed`, `.tooLarge`; `.protocolViolation` for another version or a frame limit
  ///   below `WireLimits.frameBytesMin`.
  package init(decoding bytes: RawSpan) throws(WireError) {
    self = try Protobuf.decode(bytes)
    guard version == Self.version else {
      throw WireError(
        .protocolViolation, "protocol version \(version), this side speaks \(Self.version)")
    }
    guard limits.frameBytes >= WireLimits.frameBytesMin else {
      throw WireError(
        .protocolViolation,
        "frame limit of \(limits.frameBytes) bytes, the least is \(WireLimits.frameBytesMin)")
    }
  }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension Hello: ProtobufConvertible {
  typealias Raw = Millpond__V1__Hello
  static let messageName: StaticString = "Hello"
  static var initializeRaw: Initialize<Raw> {
    millpond__v1__hello__init
  }
  static var unpackRaw: Unpack<Raw> { millpond__v1__hello__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    version = Int(raw.version)
    limits =
      try value(raw.limits)
      ?? WireLimits(frameBytes: 0, calls: 0, bytes: 0, callBytes: 0, callInputs: 0)
    agent = try raw.agent.string("Hello.agent", byteCountMax: 128)
    token = try raw.token.string("Hello.token")
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.version = UInt32(clamping: version)
    raw.limits = builder.message(limits)
    raw.agent = builder.bytes(agent)
    raw.token = builder.bytes(token)
  }
}

extension WireLimits: ProtobufConvertible {
  typealias Raw = Millpond__V1__Limits
  static let messageName: StaticString = "Limits"
  static var initializeRaw: Initialize<Raw> { millpond__v1__limits__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__limits__unpack }

  init(raw: borrowing Raw) {
    frameBytes = Int(raw.frame_bytes)
    calls = Int(raw.calls)
    bytes = Int(clamping: raw.bytes)
    callBytes = Int(clamping: raw.call_bytes)
    callInputs = Int(raw.call_inputs)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.frame_bytes = UInt32(clamping: frameBytes)
    raw.calls = UInt32(clamping: calls)
    raw.bytes = UInt64(clamping: bytes)
    raw.call_bytes = UInt64(clamping: callBytes)
    raw.call_inputs = UInt32(clamping: callInputs)
  }
}
