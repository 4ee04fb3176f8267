import Wire

/// What every message can do, for tests that go through all of them.
protocol Coded: Equatable, Sendable {
  init(decoding bytes: RawSpan) throws(WireError)
  func encoded() -> [UInt8]
}

extension Hello: Coded {}
extension GoAway: Coded {}
extension LoadReport: Coded {}
extension RequestHead: Coded {}
extension ResponseHead: Coded {}
extension EmbedRequest: Coded {}
extension EmbedResponse: Coded {}
extension ClassifyRequest: Coded {}
extension ClassifyResponse: Coded {}
extension ScoreRequest: Coded {}
extension ScoreResponse: Coded {}
extension TokenizeRequest: Coded {}
extension TokenizeResponse: Coded {}
extension InfoResponse: Coded {}
extension HealthResponse: Coded {}

extension Coded {
  init(_ bytes: [UInt8]) throws(WireError) {
    try self.init(decoding: bytes.span.bytes)
  }

  /// The error that decoding these bytes ends with, or nil.
  static func refusal(of bytes: [UInt8]) -> WireError? {
    do throws(WireError) {
      _ = try Self(bytes)
      return nil
    } catch {
      return error
    }
  }
}

/// protobuf by hand, for messages that our encoder does not make.
enum Raw {
  static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
    varint(field << 3) + varint(value)
  }

  static func bytes(_ field: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }
}
