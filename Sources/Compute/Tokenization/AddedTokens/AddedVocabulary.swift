/// The added tokens of a tokenizer.json, with the ids that the library gives them.
///
/// Matches `add_tokens` of `tokenizers` 0.23.3, `tokenizer/added_vocabulary.rs`: an added token has
/// the id of its spelling in the model's vocabulary, else the next free one from the size of that
/// vocabulary on; the id in the file is not used.
struct AddedVocabulary: Sendable {
  /// Finds the tokens that are not normalized, in texts as they are.
  private(set) var plain = AddedTokenSplitter()
  /// Finds the normalized tokens, in normalized texts.
  private(set) var normalized = AddedTokenSplitter()
  /// Added tokens that are not in the model's vocabulary.
  private(set) var newCount = 0
  private var contents: [Int32: [UInt8]] = [:]
  private var ids: [[UInt8]: Int32] = [:]

  /// Throws `.malformed` with `path(index)` for a token that is normalized to nothing.
  init(
    _ tokens: [AddedToken], vocabulary: Vocabulary, normalizer: Normalizer,
    path: (Int) -> TokenizationError
  ) throws(TokenizationError) {
    // Of tokens with the same id only the last one is looked for.
    var last: [Int32: Int] = [:]
    var order: [Int32] = []
    for (index, token) in tokens.enumerated() where !token.content.isEmpty {
      let id = assign(token.content, vocabulary)
      contents[id] = token.content
      if last.updateValue(index, forKey: id) == nil { order.append(id) }
    }
    for id in order {
      guard let index = last[id] else { continue }
      let token = tokens[index]
      guard token.isNormalized else {
        plain.add(token, id: id, pattern: token.content)
        continue
      }
      let pattern = normalizer.normalForm(of: token.content)
      guard !pattern.isEmpty else { throw path(index) }
      normalized.add(token, id: id, pattern: pattern)
    }
  }

  /// The content of the added token with this id.
  func content(of id: Int32) -> [UInt8]? { contents[id] }

  /// The greatest id, nil where there is none.
  var greatestID: Int32? { contents.keys.max() }

  /// The id of the added token with this content.
  func id(of content: [UInt8]) -> Int32? { ids[content] }

  private mutating func assign(_ content: [UInt8], _ vocabulary: Vocabulary) -> Int32 {
    if let id = ids[content] { return id }
    let id: Int32
    if let known = vocabulary.id(of: content) {
      id = known
    } else {
      id = Int32(clamping: vocabulary.count + newCount)
      newCount += 1
    }
    ids[content] = id
    return id
  }
}
