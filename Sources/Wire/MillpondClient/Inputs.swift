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

/// What every call can be told.
public struct CallOptions: Sendable, Hashable {
  /// The model's name; nil is the only one that is served.
  public var model: String?
  /// How long the caller waits; nil is for ever, zero is already too late.
  public var timeout: Duration?
  /// What happens to a text over the limit.
  public var truncation: Truncation
  /// Lowers the model's limit of tokens for this call; special tokens count.
  public var maxTokens: Int?
  /// Interactive calls go before bulk ones.
  public var isBulk: Bool
  /// Repeated in the server's logs; at most 128 bytes.
  public var requestID: String

  /// Options; by default none is set.
  public init(
    model: String? = nil, timeout: Duration? = nil, truncation: Truncation = .off,
    maxTokens: Int? = nil, isBulk: Bool = false, requestID: String = ""
  ) {
    self.model = model
    self.timeout = timeout
    self.truncation = truncation
    self.maxTokens = maxTokens
    self.isBulk = isBulk
    self.requestID = requestID
  }

  var length: LengthOptions {
    LengthOptions(truncation: truncation.wire, maxTokens: maxTokens)
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

  /// Options; by default none is set.
  public init(prompt: String? = nil, dimensions: Int? = nil, normalize: Bool? = nil) {
    self.prompt = prompt
    self.dimensions = dimensions
    self.normalize = normalize
  }

  var normalization: Normalization {
    switch normalize {
    case nil: .modelDefault
    case true?: .on
    case false?: .off
    }
  }
}
