internal import JSON

extension Model {
  init(_ field: Field) throws(TokenizationError) {
    guard field.value?.kind == .object else { throw field.malformed("must be an object") }
    switch try Self.type(field) {
    case "WordPiece": self = .wordPiece(try WordPiece(field))
    case "WordLevel": self = .wordLevel(try WordLevel(field))
    case "BPE": self = .bpe(try BytePairEncoding(field))
    case "Unigram": self = .unigram(try Unigram(field))
    case let other: throw field.unsupported(other)
    }
  }

  /// Files from before the "type" key are told apart by what they have.
  private static func type(_ field: Field) throws(TokenizationError) -> String {
    guard field["type"].value == nil else { return try field.type() }
    if field["merges"].value != nil { return "BPE" }
    if field["vocab"].value?.kind == .array { return "Unigram" }
    return "WordPiece"
  }
}

extension WordPiece {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    let vocabulary = try Vocabulary(field["vocab"])
    self.init(
      vocabulary: vocabulary, unknown: try vocabulary.id(field["unk_token"]),
      prefix: try field["continuing_subword_prefix"].bytes(),
      wordCharactersMax: Int(try field["max_input_chars_per_word"].natural()))
  }
}

extension WordLevel {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    let vocabulary = try Vocabulary(field["vocab"])
    self.init(vocabulary: vocabulary, unknown: try vocabulary.id(field["unk_token"]))
  }
}

extension BytePairEncoding {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    let dropout = field["dropout"]
    if !dropout.isNull, dropout.value?.double != 0 {
      throw dropout.unsupported("dropout", "it makes ids a matter of chance; null turns it off")
    }
    let vocabulary = try Vocabulary(field["vocab"])
    var options = Options()
    options.fusesUnknown = try field["fuse_unk"].flag()
    options.fallsBackToBytes = try field["byte_fallback"].flag()
    options.ignoresMerges = try field["ignore_merges"].flag()
    options.prefix = try field["continuing_subword_prefix"].bytesOrNone()
    options.suffix = try field["end_of_word_suffix"].bytesOrNone()
    let unknown = field["unk_token"]
    if !unknown.isNull { options.unknown = try vocabulary.id(unknown) }
    self.init(
      vocabulary: vocabulary,
      merges: try MergeTable(field["merges"], vocabulary, prefix: options.prefix.count),
      options: options, byteIDs: nil)
  }
}

extension MergeTable {
  fileprivate init(
    _ field: Field, _ vocabulary: Vocabulary, prefix: Int
  ) throws(TokenizationError) {
    guard let value = field.value, value.kind == .array else {
      throw field.malformed("must be an array")
    }
    self.init(capacity: value.count)
    var rank: UInt32 = 0
    for (index, element) in value.elements.enumerated() {
      if element.kind == .string, element.stringBytes?.starts(with: Array("#version".utf8)) == true
      {
        continue
      }
      guard let (first, second) = Self.parts(element) else {
        throw field.malformed("[\(index)] must be two tokens")
      }
      guard let left = vocabulary.id(of: first), let right = vocabulary.id(of: second),
        second.count >= prefix, let id = vocabulary.id(of: first + second.dropFirst(prefix))
      else {
        throw field.malformed("[\(index)] names a token that is not in the vocabulary")
      }
      insert(left, right, Merge(rank: rank, id: id))
      rank += 1
    }
  }

  /// `["a", "b"]` or `"a b"`.
  private static func parts(_ element: JSON) -> (first: [UInt8], second: [UInt8])? {
    if let text = element.stringBytes {
      let parts = text.split(separator: 0x20, omittingEmptySubsequences: false)
      return parts.count == 2 ? (Array(parts[0]), Array(parts[1])) : nil
    }
    guard element.kind == .array, element.count == 2, let first = element[0]?.stringBytes,
      let second = element[1]?.stringBytes
    else { return nil }
    return (first, second)
  }
}

extension Unigram {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    let list = field["vocab"]
    guard let value = list.value, value.kind == .array else {
      throw list.malformed("must be an array")
    }
    var vocabulary = Vocabulary(capacity: value.count)
    var trie = HashTrie()
    var scores: [Double] = []
    for element in value.elements {
      guard element.count == 2, let token = element[0]?.stringBytes,
        let score = element[1]?.numberText.flatMap(QuickNumber.double)
      else { throw list.malformed("[\(scores.count)] must be a token and its score") }
      let id = Int32(clamping: scores.count)
      guard vocabulary.insert(token, id: id), vocabulary.count == scores.count + 1 else {
        throw list.malformed("[\(scores.count)] must be a token that did not come before")
      }
      trie.insert(token, value: id)
      scores.append(score)
    }
    vocabulary.finish()
    let unknown = field["unk_id"]
    if unknown.isNull { throw unknown.unsupported("Unigram without an unknown token") }
    let id = try unknown.natural()
    guard id < scores.count else { throw unknown.malformed("must be below \(scores.count)") }
    self.init(
      vocabulary: vocabulary, trie: trie, scores: scores, unknown: id,
      fallsBackToBytes: try field["byte_fallback"].flag())
  }
}

extension Vocabulary {
  /// The id of the token that the field names.
  fileprivate func id(_ token: Field) throws(TokenizationError) -> Int32 {
    guard let id = id(of: try token.bytes()) else {
      throw token.malformed("names a token that is not in the vocabulary")
    }
    return id
  }
}

extension Field {
  /// True or false; false where the file says nothing or null.
  fileprivate func flag() throws(TokenizationError) -> Bool { isNull ? false : try bool() }

  /// The bytes of a string; none where the file says nothing or null.
  fileprivate func bytesOrNone() throws(TokenizationError) -> [UInt8] {
    isNull ? [] : try bytes()
  }
}
