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
      .normalizer, #"{"type":"Fancy"}"#,
      #"tokenizer.json: "normalizer" uses Fancy, which is not supported"#),
    .init(
      .normalizer,
      #"{"type":"Sequence","normalizers":[\#(TinyTokenizer.bertNormalizer),{"type":"Odd"}]}"#,
      #"tokenizer.json: "normalizer.normalizers[1]" uses Odd, which is not supported"#),
    .init(
      .normalizer, #"{"type":"Replace","pattern":{"String":""},"content":"x"}"#,
      #"tokenizer.json: "normalizer.pattern" uses an empty pattern, which is not supported"#),
    .init(
      .preTokenizer, #"{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}"#,
      #"tokenizer.json: "pre_tokenizer.prepend_scheme" uses "first", which is not supported: "#
        + "only as the first pre-tokenizer, and behind normalizers of Unicode forms, Lowercase, "
        + "Strip (not behind NFKC and NFKD), Replace and Precompiled"),
    .init(
      .postProcessor,
      #"{"type":"Sequence","processors":[{"type":"ByteLevel"},\#(TinyTokenizer.bertTemplate),"#
        + #"\#(TinyTokenizer.bertTemplate)]}"#,
      #"tokenizer.json: "post_processor.processors[2]" uses a second post-processor that adds "#
        + "tokens, which is not supported"),
    .init(
      .model, #"{"type":"Wordy"}"#,
      #"tokenizer.json: "model" uses Wordy, which is not supported"#),
    .init(
      .model, #"{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}"#,
      #"tokenizer.json: "model.dropout" uses dropout, which is not supported: "#
        + "it makes ids a matter of chance; null turns it off"),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[[:alpha:]]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a POSIX class, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[a-[b]]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a range of classes, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[a&&]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"an empty class, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"^"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a pattern that may match nothing, which is not supported"#),
    .init(
      .model, #"{"type":"Unigram","unk_id":null,"vocab":[["a",0]]}"#,
      #"tokenizer.json: "model.unk_id" uses Unigram without an unknown token, "#
        + "which is not supported"),
    .init(
      .preTokenizer, TinyTokenizer.split(#"\\p{Latins}"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"the property \p{Latins}, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a*"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a pattern that may match nothing, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"(?i:x)"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a letter whose case is ignored, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"(?i:\\p{L})"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a class whose case is ignored, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a{2}+"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"an interval followed by +, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a{,2}"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"{ that begins no interval, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a{1,2,3}"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"{ that begins no interval, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a{1,,}"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"{ that begins no interval, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a)"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"an unmatched ), which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[a"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a class without an end, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"\\pL"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"\p without braces, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"a\\"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a \ at the end, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[a-\\s]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a range of classes, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[z-a]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a range that ends before it begins, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"\\uD800"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a \x or \u that is no character, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"[]"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"an empty class, which is not supported"#),
    .init(
      .preTokenizer, TinyTokenizer.split(#"(a"#),
      #"tokenizer.json: "pre_tokenizer.pattern.Regex" uses a regular expression with "#
        + #"a group without an end, which is not supported"#),
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
    .init(
      .model, #"{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b c"]}"#,
      #"tokenizer.json: "model.merges" [0] must be two tokens"#),
    .init(
      .model, #"{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}"#,
      #"tokenizer.json: "model.merges" [0] names a token that is not in the vocabulary"#),
    .init(
      .model, #"{"type":"BPE","unk_token":"u","vocab":{"a":0},"merges":[]}"#,
      #"tokenizer.json: "model.unk_token" names a token that is not in the vocabulary"#),
    .init(
      .model, #"{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}"#,
      #"tokenizer.json: "model.unk_id" must be below 1"#),
    .init(
      .model, #"{"type":"Unigram","unk_id":0,"vocab":[["a",0],["a",1]]}"#,
      #"tokenizer.json: "model.vocab" [1] must be a token that did not come before"#),
    .init(
      .model, #"{"type":"WordLevel","unk_token":"u","vocab":{"a":0}}"#,
      #"tokenizer.json: "model.unk_token" names a token that is not in the vocabulary"#),
    .init(
      .normalizer, #"{"type":"Precompiled","precompiled_charsmap":"a"}"#,
      #"tokenizer.json: "normalizer.precompiled_charsmap" must be base64"#),
    .init(
      .normalizer, #"{"type":"Precompiled","precompiled_charsmap":"////fw=="}"#,
      #"tokenizer.json: "normalizer.precompiled_charsmap" must be a table of SentencePiece"#),
    .init(  // The entry of a points into the character é.
      .normalizer, #"{"type":"Precompiled","precompiled_charsmap":"DAAAAACAAQBhDQAAAQAAgMOpAA=="}"#,
      #"tokenizer.json: "normalizer.precompiled_charsmap" must be a table of SentencePiece"#),
    .init(  // The entry of a points behind the strings.
      .normalizer, #"{"type":"Precompiled","precompiled_charsmap":"DAAAAACAAQBhDQAACQAAgMOpAA=="}"#,
      #"tokenizer.json: "normalizer.precompiled_charsmap" must be a table of SentencePiece"#),
    .init(
      .preTokenizer, #"{"type":"Metaspace","replacement":"__"}"#,
      #"tokenizer.json: "pre_tokenizer.replacement" must be one character"#),
    .init(
      .preTokenizer, #"{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}"#,
      #"tokenizer.json: "pre_tokenizer.prepend_scheme" must be "always", "never" or "first""#),
    .init(
      .preTokenizer,
      #"{"type":"Metaspace","replacement":"_","prepend_scheme":"always","add_prefix_space":false}"#,
      #"tokenizer.json: "pre_tokenizer.add_prefix_space" "#
        + #"must not be false where "prepend_scheme" is not "never""#),
    .init(
      .preTokenizer, #"{"type":"Metaspace","replacement":"_","add_prefix_space":false}"#,
      #"tokenizer.json: "pre_tokenizer.add_prefix_space" "#
        + #"must not be false where "prepend_scheme" is missing"#),
    .init(
      .preTokenizer, #"{"type":"FixedLength","length":0}"#,
      #"tokenizer.json: "pre_tokenizer.length" must be above 0"#),
    .init(
      .preTokenizer, #"{"type":"Punctuation","behavior":"Odd"}"#,
      #"tokenizer.json: "pre_tokenizer.behavior" must be "Removed", "Isolated", "#
        + #""MergedWithPrevious", "MergedWithNext" or "Contiguous""#),
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
