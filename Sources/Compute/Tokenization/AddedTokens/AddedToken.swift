/// An added token: a string that is found in the text before anything else is done to it.
struct AddedToken: Sendable, Equatable {
  var content: [UInt8]
  /// Not found beside a word character.
  var isSingleWord: Bool
  /// Takes in the white space to its left.
  var stripsLeft: Bool
  /// Takes in the white space to its right.
  var stripsRight: Bool
  /// Looked for, in its normal form, in the normalized text and not in the text itself.
  var isNormalized: Bool
  /// Left out when ids are turned back into text; it makes no difference here.
  var isSpecial: Bool
}
