/// Why a tokenizer could not be read, or a text not be turned into tokens.
///
/// Messages name the culprit (file and key, or byte and count) with the limit and the actual value;
/// they never quote a user's text.
package struct TokenizationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of error it is, with its numbers.
  package enum Code: Sendable, Equatable {
    /// A text is not UTF-8; `offset` is the first byte of the first bad sequence.
    case invalidUTF8(offset: Int)
    /// Truncation is off and the input, special tokens included, has more tokens than the limit.
    case tooLong(tokens: Int, limit: Int)
    /// The input gives no token at all.
    case noTokens
    /// The limit does not even hold the special tokens (at least one token).
    case limitTooSmall(limit: Int, minimum: Int)
    /// A regular expression of the tokenizer needs too many steps for the text.
    case tooComplex
    /// tokenizer.json uses a component that is not built; `component` is its type.
    case unsupported(component: String)
    /// tokenizer.json is not what the `tokenizers` library writes; `key` is the place in the file.
    case malformed(key: String)
  }

  /// The kind of error.
  package var code: Code
  /// One sentence for people.
  package var message: String

  /// An error from its parts.
  package init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  package var description: String { message }

  static func invalidUTF8(offset: Int, in text: String) -> Self {
    Self(
      code: .invalidUTF8(offset: offset), message: "\(text) is not valid UTF-8 at byte \(offset)")
  }

  static func tooLong(tokens: Int, limit: Int) -> Self {
    Self(
      code: .tooLong(tokens: tokens, limit: limit),
      message: "the input has \(tokens) tokens, the limit is \(limit) and truncation is off")
  }

  static var noTokens: Self {
    Self(code: .noTokens, message: "the input gives no token")
  }

  static func limitTooSmall(limit: Int, minimum: Int) -> Self {
    Self(
      code: .limitTooSmall(limit: limit, minimum: minimum),
      message: "a limit of \(limit) tokens is too small for any input: the least is \(minimum)")
  }
}
