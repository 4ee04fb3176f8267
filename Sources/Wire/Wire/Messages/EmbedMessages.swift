internal import CWireMessages

/// Whether vectors are divided by their length. The raw values are the wire's.
package enum Normalization: UInt32, Sendable {
  /// As the model directory says.
  case modelDefault = 0
  case on = 1
  case off = 2
}

/// Element type of vectors on the wire. The raw values are the wire's.
package enum ElementType: UInt32, Sendable {
  case f32 = 0
  case f16 = 1
  case bf16 = 2

  /// Bytes of an element.
  package var byteCount: Int { self == .f32 ? 4 : 2 }
}

/// What Embed gives for an input. The raw values are the wire's.
package enum EmbedOutput: UInt32, Sendable {
  /// What the model is made for.
  case modelDefault = 0
  case vector = 1
  /// A vector for each token.
  case tokens = 2
  /// A weight for each id of the vocabulary that has one.
  case sparse = 3
}

/// The body of an Embed call.
package struct EmbedRequest: Sendable, Equatable {
  package var inputs: [Input]
  package var length: LengthOptions
  /// Nil is the model's default prompt, empty is none.
  package var promptName: String?
  /// Components to keep, cut before normalising; nil is all.
  package var dimensions: Int?
  package var normalization: Normalization
  package var elementType: ElementType
  package var output: EmbedOutput

  package init(
    inputs: [Input], length: LengthOptions = LengthOptions(), promptName: String? = nil,
    dimensions: Int? = nil, normalization: Normalization = .modelDefault,
    elementType: ElementType = .f32, output: EmbedOutput = .modelDefault
  ) {
    self.inputs = inputs
    self.length = length
    self.promptName = promptName
    self.dimensions = dimensions
    self.normalization = normalization
    self.elementType = elementType
    self.output = output
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension EmbedRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__EmbedRequest
  static let messageName: StaticString = "EmbedRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__embed_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__embed_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    inputs = try values(raw.inputs, raw.n_inputs)
    length = try value(raw.length) ?? LengthOptions()
    promptName = try value(raw.prompt, as: PromptName.self)?.name
    dimensions = try value(raw.dimensions, as: Count.self)?.value
    guard
      let normalization = Normalization(
        rawValue: UInt32(truncatingIfNeeded: raw.normalization.rawValue)),
      let elementType = ElementType(
        rawValue: UInt32(truncatingIfNeeded: raw.element_type.rawValue)),
      let output = EmbedOutput(rawValue: UInt32(truncatingIfNeeded: raw.output.rawValue))
    else {
      throw WireError(
        .malformed, "EmbedRequest has an unknown normalization, element_type or output")
    }
    self.normalization = normalization
    self.elementType = elementType
    self.output = output
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_inputs = inputs.count
    raw.inputs = builder.messages(inputs)
    raw.length = builder.message(length == LengthOptions() ? nil : length)
    raw.prompt = builder.message(promptName.map(PromptName.init))
    raw.dimensions = builder.message(dimensions.map(Count.init))
    raw.normalization = Millpond__V1__Normalization(rawValue: .init(normalization.rawValue))
    raw.element_type = Millpond__V1__ElementType(rawValue: .init(elementType.rawValue))
    raw.output = Millpond__V1__Output(rawValue: .init(output.rawValue))
  }
}
