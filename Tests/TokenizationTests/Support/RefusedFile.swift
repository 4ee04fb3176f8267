import Testing

/// A tokenizer.json with one part replaced, and the message that reading it must give.
struct RefusedFile: Sendable, CustomTestStringConvertible {
  /// The part of the file that is replaced.
  enum Part: Sendable {
    case version
    case addedTokens
    case normalizer
    case preTokenizer
    case postProcessor
    case model
  }

  let part: Part
  let value: String
  let message: String
  var testDescription: String { message }

  init(_ part: Part, _ value: String, _ message: String) {
    self.part = part
    self.value = value
    self.message = message
  }

  var text: String {
    var file = TinyTokenizer()
    switch part {
    case .version: file.version = value
    case .addedTokens: file.addedTokens = value
    case .normalizer: file.normalizer = value
    case .preTokenizer: file.preTokenizer = value
    case .postProcessor: file.postProcessor = value
    case .model: file.model = value
    }
    return file.text
  }

  static let unsupported: [RefusedFile] = [
    .init(
      .normalizer, #"{"type":"NFC"}"#,
      #"tokenizer.json: "normalizer" uses NFC, which is not supported"#),
    .init(
      .normalizer,
      #"{"type":"Sequence","normalizers":[\#(TinyTokenizer.bertNormalizer),{"type":"Strip"}]}"#,
      #"tokenizer.json: "normalizer.normalizers[1]" uses Strip, which is not supported"#),
    .init(
      .preTokenizer, #"{"type":"ByteLevel"}"#,
      #"tokenizer.json: "pre_tokenizer" uses ByteLevel, which is not supported"#),
    .init(
      .postProcessor, #"{"type":"RobertaProcessing"}"#,
      #"tokenizer.json: "post_processor" uses RobertaProcessing, which is not supported"#),
    .init(
      .model, #"{"type":"Unigram"}"#,
      #"tokenizer.json: "model" uses Unigram, which is not supported"#),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}"#,
      #"tokenizer.json: "post_processor.single" uses TemplateProcessing, which is not supported: "#
        + "text A stands there 0 times, B 0"),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":2}}],"pair":[],"#
        + #""special_tokens":{}}"#,
      #"tokenizer.json: "post_processor.single" uses TemplateProcessing, which is not supported: "#
        + "type ids must be 0 and then 1"),
  ]

  static let malformed: [RefusedFile] = [
    .init(.version, "\"2.0\"", #"tokenizer.json: "version" must be "1.0""#),
    .init(.version, "1", #"tokenizer.json: "version" must be a string"#),
    .init(.normalizer, "7", #"tokenizer.json: "normalizer" must be an object or null"#),
    .init(
      .normalizer, "{}", #"tokenizer.json: "normalizer.type" is missing and must be a string"#),
    .init(
      .normalizer, #"{"type":"BertNormalizer","clean_text":1}"#,
      #"tokenizer.json: "normalizer.clean_text" must be true or false"#),
    .init(
      .normalizer, #"{"type":"BertNormalizer","clean_text":true}"#,
      #"tokenizer.json: "normalizer.handle_chinese_chars" is missing and must be true or false"#),
    .init(
      .normalizer, #"{"type":"Sequence","normalizers":{}}"#,
      #"tokenizer.json: "normalizer.normalizers" must be an array"#),
    .init(.model, "null", #"tokenizer.json: "model" must be an object"#),
    .init(
      .model, #"{"unk_token":"a"}"#,
      #"tokenizer.json: "model.vocab" is missing and must be an object"#),
    .init(
      .model, TinyTokenizer.model(vocabulary: #"{"a":-1}"#),
      #"tokenizer.json: "model.vocab" must give every token a whole number from 0 to 2147483647, "#
        + #"but "a" has another value"#),
    .init(
      .model, TinyTokenizer.model(vocabulary: #"{"a":2147483648}"#),
      #"tokenizer.json: "model.vocab" must give every token a whole number from 0 to 2147483647, "#
        + #"but "a" has another value"#),
    .init(
      .model, TinyTokenizer.model(vocabulary: TinyTokenizer.vocabulary, unknown: "\"<unk>\""),
      #"tokenizer.json: "model.unk_token" names a token that is not in the vocabulary"#),
    .init(
      .model, TinyTokenizer.model(vocabulary: TinyTokenizer.vocabulary, charactersMax: "-1"),
      #"tokenizer.json: "model.max_input_chars_per_word" "#
        + "must be a whole number from 0 to 2147483647"),
    .init(.addedTokens, "{}", #"tokenizer.json: "added_tokens" must be an array"#),
    .init(
      .addedTokens, #"[{"id":1,"content":"x"}]"#,
      #"tokenizer.json: "added_tokens[0].single_word" is missing and must be true or false"#),
    .init(
      .addedTokens,
      #"[{"id":1,"content":"\u0301","single_word":false,"lstrip":false,"rstrip":false,"#
        + #""normalized":true,"special":false}]"#,
      #"tokenizer.json: "added_tokens[0].content" is normalized to nothing, "#
        + "so it cannot be found"),
    .init(
      .postProcessor, #"{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]"]}"#,
      #"tokenizer.json: "post_processor.cls" must be a token and its id"#),
    .init(
      .postProcessor, #"{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",99]}"#,
      #"tokenizer.json: "post_processor" adds the token 99, which is not in the vocabulary"#),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"X","type_id":0}}],"#
        + #""pair":[],"special_tokens":{}}"#,
      #"tokenizer.json: "post_processor.single[0].SpecialToken.id" "#
        + #"names a token that is not in "post_processor.special_tokens""#),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[{"Sequence":{"id":"C","type_id":0}}],"pair":[],"#
        + #""special_tokens":{}}"#,
      #"tokenizer.json: "post_processor.single[0].Sequence.id" must be "A" or "B""#),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[{}],"pair":[],"special_tokens":{}}"#,
      #"tokenizer.json: "post_processor.single[0]" must have a "SpecialToken" or a "Sequence""#),
    .init(
      .postProcessor,
      #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"X","type_id":0}}],"#
        + #""pair":[],"special_tokens":{"X":{"ids":["x"]}}}"#,
      #"tokenizer.json: "post_processor.special_tokens.X.ids[0]" "#
        + "must be a whole number from 0 to 2147483647"),
  ]
}
