internal import Wire

/// One text, pair of texts or list of token ids.
public struct Input: Sendable, Equatable, ExpressibleByStringLiteral {
  let wire: Wire.Input

  /// A text; any character, NUL included.
  public static func text(_ text: String) -> Input { Input(wire: .text(Array(text.utf8))) }

  /// A text as bytes. Bytes that are no UTF-8 fail in their own slot of the answer.
  public static func text(utf8 bytes: [UInt8]) -> Input { Input(wire: .text(bytes)) }

  /// Token ids, used as they are: no special token is added.
  public static func ids(_ ids: [UInt32]) -> Input { Input(wire: .ids(ids)) }

  /// Two texts that the model reads together.
  public static func pair(query: [UInt8], document: [UInt8]) -> Input {
    Input(wire: .pair(query: query, document: document))
  }

  /// A text.
  public init(stringLiteral text: String) {
    self = .text(text)
  }

  private init(wire: Wire.Input) {
    self.wire = wire
  }
}

/// What happens to a text over the limit.
public enum Truncation: Sendable, Hashable {
  /// It is an error that gives its token count and the limit.
  case off
  /// Tokens are dropped on the left.
  case left
  /// Tokens are dropped on the right.
  case right

  var wire: Wire.Truncation {
    switch self {
    case .off: .off
    case .left: .left
    case .right: .right
    }
  }
}

/// What Embed gives for an input. ``ServerInfo/Model/outputs`` says what a model has.
public enum EmbedOutput: Sendable, Hashable {
  /// What the model is made for.
  case modelDefault
  /// One vector.
  case vector
  /// A vector for each token that the model keeps, for late interaction.
  case tokens
  /// A weight for each id of the vocabulary that has one.
  case sparse

  var wire: Wire.EmbedOutput {
    switch self {
    case .modelDefault: .modelDefault
    case .vector: .vector
    case .tokens: .tokens
    case .sparse: .sparse
    }
  }
}

/// How numbers of vectors and weights travel. They are rounded by the server, to the nearest, ties
/// to even; an input with a number beyond the type's range fails.
public enum ElementType: Sendable, Hashable {
  /// As the model computes them, or widened from what it computes in.
  case f32
  /// IEEE half precision, up to 65504.
  case f16
  /// The upper half of an f32.
  case bf16

  var wire: Wire.ElementType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}

/// How texts become vectors.
public struct EmbedOptions: Sendable, Hashable {
  /// A prompt of the model by name; nil is its default, empty is none.
  public var prompt: String?
  /// Components to keep, cut before normalising; nil is all.
  public var dimensions: Int?
  /// Whether vectors have length 1; nil is as the model says.
  public var normalize: Bool?
  /// What is given for an input.
  public var output: EmbedOutput
  /// How the numbers travel.
  public var elementType: ElementType

  /// Options; by default one vector of f32 for an input, as the model makes it.
  public init(
    prompt: String? = nil, dimensions: Int? = nil, normalize: Bool? = nil,
    output: EmbedOutput = .vector, elementType: ElementType = .f32
  ) {
    self.prompt = prompt
    self.dimensions = dimensions
    self.normalize = normalize
    self.output = output
    self.elementType = elementType
  }

  var normalization: Normalization {
    switch normalize {
    case nil: .modelDefault
    case true?: .on
    case false?: .off
    }
  }
}
