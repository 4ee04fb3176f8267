package import JSON

extension Tokenizer {
  /// Reads a parsed tokenizer.json; errors name `fileName`.
  ///
  /// Supported: `BertNormalizer` and sequences of it, `BertPreTokenizer`, `WordPiece`,
  /// `TemplateProcessing`, `BertProcessing`, null for all but the model, added tokens with all
  /// flags. Throws `.unsupported` for every other component and `.malformed` for a file that the
  /// library would not write, or that names a token that is not in its vocabulary.
  package init(_ file: JSON, fileName: String) throws(TokenizationError) {
    let root = Field(file: file, fileName: fileName)
    guard file.kind == .object else { throw root.malformed("must be an object") }
    let version = root["version"]
    if version.value != nil, try version.string() != "1.0" {
      throw version.malformed("must be \"1.0\"")
    }
    normalizer = try Normalizer(root["normalizer"])
    preTokenizer = try PreTokenizer(root["pre_tokenizer"])
    model = try WordPiece(root["model"])
    addedTokens = try AddedVocabulary(
      root["added_tokens"], vocabulary: model.vocabulary, normalizer: normalizer)
    postProcessor = try PostProcessor(root["post_processor"])
    try postProcessor.checkSpecialTokens(root["post_processor"]) { [self] id in token(id) != nil }
  }
}

extension Normalizer {
  init(_ field: Field) throws(TokenizationError) {
    steps = field.isNull ? [] : try Self.steps(field)
  }

  private static func steps(_ field: Field) throws(TokenizationError) -> [Step] {
    switch try field.type() {
    case "BertNormalizer":
      let stripAccents = field["strip_accents"]
      return [
        .bert(
          BertNormalizer(
            cleanText: try field["clean_text"].bool(),
            handleChineseCharacters: try field["handle_chinese_chars"].bool(),
            stripAccents: stripAccents.isNull ? nil : try stripAccents.bool(),
            lowercase: try field["lowercase"].bool()))
      ]
    case "Sequence":
      var steps: [Step] = []
      for element in try field["normalizers"].elements() { steps += try Self.steps(element) }
      return steps
    case let other:
      throw field.unsupported(other)
    }
  }
}

extension PreTokenizer {
  init(_ field: Field) throws(TokenizationError) {
    guard !field.isNull else {
      self = .whole
      return
    }
    switch try field.type() {
    case "BertPreTokenizer":
      self = .bert
    case "Sequence":
      // Splitting like BERT twice changes nothing.
      self = .whole
      for element in try field["pretokenizers"].elements() {
        if case .bert = try PreTokenizer(element) { self = .bert }
      }
    case let other:
      throw field.unsupported(other)
    }
  }
}

extension WordPiece {
  init(_ field: Field) throws(TokenizationError) {
    guard field.value?.kind == .object else { throw field.malformed("must be an object") }
    // Files from before the "type" key are told apart by what they have.
    let isOld = field["type"].value == nil && field["merges"].value == nil
    let type = isOld ? "WordPiece" : try field.type()
    guard type == "WordPiece" else { throw field.unsupported(type) }
    let vocabulary = try Vocabulary(field["vocab"])
    let unknown = field["unk_token"]
    guard let unknownID = vocabulary.id(of: try unknown.bytes()) else {
      throw unknown.malformed("names a token that is not in the vocabulary")
    }
    self.init(
      vocabulary: vocabulary, unknown: unknownID,
      prefix: try field["continuing_subword_prefix"].bytes(),
      wordCharactersMax: Int(try field["max_input_chars_per_word"].natural()))
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
