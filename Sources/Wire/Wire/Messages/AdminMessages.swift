internal import CWireMessages

/// What an operator asks of a coordinator.
package enum AdminRequest: Sendable, Equatable {
  /// Starts workers of a directory, at the coordinator, beside those of a model; sends new calls to
  /// them once they are ready, and ends the old ones.
  case swap(model: String, directory: String)
  /// Sends a worker nothing more. One of the coordinator's own is replaced, another is let go.
  case drain(address: String)
  /// Reads the configuration file again and does what is new in it.
  case reload

  /// - Throws: `.malformed`, also for a command that this version does not know.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension AdminRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__AdminRequest
  static let messageName: StaticString = "AdminRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__admin_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__admin_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.command_case {
    case MILLPOND__V1__ADMIN_REQUEST__COMMAND_SWAP:
      guard let swap = try value(raw.swap, as: SwapModel.self) else { fallthrough }
      self = .swap(model: swap.model, directory: swap.directory)
    case MILLPOND__V1__ADMIN_REQUEST__COMMAND_DRAIN:
      guard let drain = try value(raw.drain, as: DrainWorker.self) else { fallthrough }
      self = .drain(address: drain.address)
    case MILLPOND__V1__ADMIN_REQUEST__COMMAND_RELOAD: self = .reload
    default: throw WireError(.malformed, "AdminRequest has no command that is known here")
    }
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch self {
    case .swap(let model, let directory):
      raw.command_case = MILLPOND__V1__ADMIN_REQUEST__COMMAND_SWAP
      raw.swap = builder.message(SwapModel(model: model, directory: directory))
    case .drain(let address):
      raw.command_case = MILLPOND__V1__ADMIN_REQUEST__COMMAND_DRAIN
      raw.drain = builder.message(DrainWorker(address: address))
    case .reload:
      raw.command_case = MILLPOND__V1__ADMIN_REQUEST__COMMAND_RELOAD
      raw.reload = builder.message(ReloadConfiguration())
    }
  }
}

/// What was done so far; an answer has a part for each step.
package struct AdminResponse: Sendable, Equatable {
  package var lines: [String]

  package init(lines: [String]) {
    self.lines = lines
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension AdminResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__AdminResponse
  static let messageName: StaticString = "AdminResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__admin_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__admin_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    lines = try strings(raw.lines, raw.n_lines, "AdminResponse.lines")
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_lines = lines.count
    raw.lines = builder.strings(lines)
  }
}

private struct SwapModel: ProtobufConvertible {
  typealias Raw = Millpond__V1__SwapModel
  static let messageName: StaticString = "SwapModel"
  static var initializeRaw: Initialize<Raw> { millpond__v1__swap_model__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__swap_model__unpack }

  var model: String
  var directory: String

  init(model: String, directory: String) {
    self.model = model
    self.directory = directory
  }

  init(raw: borrowing Raw) throws(WireError) {
    model = try raw.model.string("SwapModel.model")
    directory = try raw.directory.string("SwapModel.directory")
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.model = builder.bytes(model)
    raw.directory = builder.bytes(directory)
  }
}

private struct DrainWorker: ProtobufConvertible {
  typealias Raw = Millpond__V1__DrainWorker
  static let messageName: StaticString = "DrainWorker"
  static var initializeRaw: Initialize<Raw> { millpond__v1__drain_worker__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__drain_worker__unpack }

  var address: String

  init(address: String) {
    self.address = address
  }

  init(raw: borrowing Raw) throws(WireError) {
    address = try raw.address.string("DrainWorker.address")
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.address = builder.bytes(address)
  }
}

private struct ReloadConfiguration: ProtobufConvertible {
  typealias Raw = Millpond__V1__ReloadConfiguration
  static let messageName: StaticString = "ReloadConfiguration"
  static var initializeRaw: Initialize<Raw> { millpond__v1__reload_configuration__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__reload_configuration__unpack }

  init() {}
  init(raw: borrowing Raw) {}
  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {}
}
