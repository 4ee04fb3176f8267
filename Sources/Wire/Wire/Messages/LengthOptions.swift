internal import CWireMessages

/// What happens to a text that is longer than the limit. The raw values are the wire's.
package enum Truncation: UInt32, Sendable {
  case off = 0
  case left = 1
  case right = 2
}

/// How long the inputs of a call may be.
package struct LengthOptions: Sendable, Equatable {
  package var truncation: Truncation
  /// Lowers the model's limit; special tokens count. Nil is the model's own.
  package var maxTokens: Int?

  package init(truncation: Truncation = .off, maxTokens: Int? = nil) {
    self.truncation = truncation
    self.maxTokens = maxTokens
  }
}

extension LengthOptions: ProtobufConvertible {
  typealias Raw = Millpond__V1__LengthOptions
  static let messageName: StaticString = "LengthOptions"
  static var initializeRaw: Initialize<Raw> { millpond__v1__length_options__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__length_options__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    guard let known = Truncation(rawValue: UInt32(truncatingIfNeeded: raw.truncation.rawValue))
    else {
      throw WireError(.malformed, "LengthOptions.truncation is unknown: \(raw.truncation.rawValue)")
    }
    truncation = known
    maxTokens = try value(raw.max_tokens, as: Count.self)?.value
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.truncation = Millpond__V1__Truncation(rawValue: .init(truncation.rawValue))
    raw.max_tokens = builder.message(maxTokens.map(Count.init))
  }
}

/// A number whose absence differs from 0.
struct Count {
  var value: Int
}

extension Count: ProtobufConvertible {
  typealias Raw = Millpond__V1__Count
  static let messageName: StaticString = "Count"
  static var initializeRaw: Initialize<Raw> { millpond__v1__count__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__count__unpack }

  init(raw: borrowing Raw) {
    value = Int(raw.value)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.value = UInt32(clamping: value)
  }
}

/// A prompt by name: a message, so that none named differs from the empty name.
struct PromptName {
  var name: String
}

extension PromptName: ProtobufConvertible {
  typealias Raw = Millpond__V1__Prompt
  static let messageName: StaticString = "Prompt"
  static var initializeRaw: Initialize<Raw> { millpond__v1__prompt__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__prompt__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    name = try raw.name.string("Prompt.name", byteCountMax: 256)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.name = builder.bytes(name)
  }
}
