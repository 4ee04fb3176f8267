package import JSON

extension Tokenizer {
  /// Reads a parsed tokenizer.json; errors name `fileName`.
  ///
  /// Supported: all models, normalizers, pre-tokenizers and post-processors of the library, added
  /// tokens with all flags. Throws `.unsupported`, naming the component, for
  /// what is not (dropout, regular expressions that PCRE2 may read differently), and `.malformed`
  /// for a file that the library would not write, or that names a token that is not in its
  /// vocabulary.
  package init(_ file: JSON, fileName: String) throws(TokenizationError) {
    let root = Field(file: file, fileName: fileName)
    guard file.kind == .object else { throw root.malformed("must be an object") }
    let version = root["version"]
    if version.value != nil, try version.string() != "1.0" {
      throw version.malformed("must be \"1.0\"")
    }
    normalizer = try Normalizer(root["normalizer"])
    let preTokenizer = try PreTokenizer(root["pre_tokenizer"], normalizer: normalizer)
    let model = try Model(root["model"])
    if case .bpe(let pairs) = model, let raw = pairs.forRawBytes(),
      let unspelled = preTokenizer.withoutSpelling
    {
      self.preTokenizer = unspelled
      self.model = .bpe(raw)
    } else {
      self.preTokenizer = preTokenizer
      self.model = model
    }
    addedTokens = try AddedVocabulary(
      root["added_tokens"], vocabulary: model.vocabulary, normalizer: normalizer)
    postProcessor = try PostProcessor(root["post_processor"])
    try postProcessor.checkSpecialTokens(root["post_processor"]) { [self] id in token(id) != nil }
  }
}

extension Vocabulary {
  init(_ field: Field) throws(TokenizationError) {
    let members = try field.members()
    self.init(capacity: field.value?.count ?? 0)
    for (spelling, value) in members {
      guard let int = value.int, let id = Int32(exactly: int), id >= 0 else {
        throw field.malformed(
          "must give every token a whole number from 0 to 2147483647, but "
            + "\"\(String(decoding: spelling, as: UTF8.self))\" has another value")
      }
      guard insert(spelling, id: id) else { throw field.malformed("must be smaller than 4 GiB") }
    }
    finish()
  }
}

extension AddedVocabulary {
  init(
    _ field: Field, vocabulary: Vocabulary, normalizer: Normalizer
  ) throws(TokenizationError) {
    let fields = field.value == nil ? [] : try field.elements()
    var tokens: [AddedToken] = []
    for field in fields { tokens.append(try AddedToken(field)) }
    try self.init(tokens, vocabulary: vocabulary, normalizer: normalizer) { index in
      fields[index]["content"].malformed("is normalized to nothing, so it cannot be found")
    }
  }
}

extension AddedToken {
  init(_ field: Field) throws(TokenizationError) {
    // The library does not use the id, but refuses a token without it.
    _ = try field["id"].natural()
    content = try field["content"].bytes()
    isSingleWord = try field["single_word"].bool()
    stripsLeft = try field["lstrip"].bool()
    stripsRight = try field["rstrip"].bool()
    isNormalized = try field["normalized"].bool()
    isSpecial = try field["special"].bool()
  }
}
