internal import CWireMessages

/// The sender takes no new calls on this connection. Calls above `lastCallID` were never read.
package struct GoAway: Sendable, Equatable {
  package var lastCallID: UInt64
  /// Why.
  package var status: Status

  package init(lastCallID: UInt64, status: Status) {
    self.lastCallID = lastCallID
    self.status = status
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension GoAway: ProtobufConvertible {
  typealias Raw = Millpond__V1__GoAway
  static let messageName: StaticString = "GoAway"
  static var initializeRaw: Initialize<Raw> { millpond__v1__go_away__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__go_away__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    lastCallID = raw.last_call
    status = try value(raw.status) ?? .ok
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.last_call = lastCallID
    raw.status = builder.message(status)
  }
}
