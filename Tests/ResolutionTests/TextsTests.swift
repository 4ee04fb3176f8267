import Resolution
import Testing

@Suite("prompts and tokenizer settings")
struct TextsTests {
  @Test("prompts are given by name, with the default one")
  func prompts() throws {
    let model = try ModelBuilder()
    #expect(try model.resolve().prompts.isEmpty)
    try model.write(
      "config_sentence_transformers.json",
      #"{"prompts":{"query":"query: ","document":""},"default_prompt_name":"query"}"#)
    let plan = try model.resolve()
    #expect(plan.prompts == ["query": Array("query: ".utf8), "document": []])
    #expect(plan.defaultPrompt == "query")
    try model.write(
      "config_sentence_transformers.json",
      #"{"prompts":{"query":"","document":""},"default_prompt_name":null}"#)
    #expect(try model.resolve().defaultPrompt == nil)
    #expect(try model.resolve().prompts.count == 2)
  }

  @Test(
    "prompts that contradict themselves are refused",
    arguments: [
      (
        #"{"prompts":{"a":"x"},"default_prompt_name":"b"}"#,
        "default_prompt_name is 'b', which prompts does not have"
      ),
      (#"{"prompts":{"a":1}}"#, "prompts.a is not a string"),
      (#"{"prompts":[]}"#, "prompts is not an object"),
    ])
  func promptRefusals(config: String, message: String) throws {
    let model = try ModelBuilder()
    try model.write("config_sentence_transformers.json", config)
    #expect(
      model.failure()
        == ResolutionError(
          .malformed, "\(model.path)/config_sentence_transformers.json: \(message)"))
  }

  @Test("prompts are left out of the pooling as the module says, except of a weighted mean")
  func includePrompt() throws {
    let model = try ModelBuilder()
    try model.addModules(pooling: #"{"pooling_mode":"mean","include_prompt":false}"#)
    try model.write("config_sentence_transformers.json", #"{"prompts":{"query":""}}"#)
    #expect(try model.resolve().promptsArePooled)
    try model.write("config_sentence_transformers.json", #"{"prompts":{"query":"q: "}}"#)
    #expect(try !model.resolve().promptsArePooled)
    try model.write(
      "1_Pooling/config.json", #"{"pooling_mode":"weightedmean","include_prompt":false}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/1_Pooling/config.json: include_prompt is false: prompts "
            + "cannot be left out of a weighted mean, and config_sentence_transformers.json has "
            + "some"))
  }

  @Test(
    "token types are given where model_input_names lists them, or the class is of transformers 4",
    arguments: [
      (#"{"model_input_names":["input_ids","attention_mask"]}"#, false),
      (#"{"model_input_names":["input_ids","token_type_ids"]}"#, true),
      (#"{"tokenizer_class":"TokenizersBackend"}"#, false),
      (#"{"tokenizer_class":"BertTokenizer"}"#, true), ("{}", true),
    ])
  func tokenTypes(config: String, areGiven: Bool) throws {
    let model = try ModelBuilder()
    try model.write("tokenizer_config.json", config)
    #expect(try model.resolve().tokenizerOptions.givesTypes == areGiven)
  }

  @Test(
    "settings that contradict the tokenizer file are refused, those that agree are not",
    arguments: [
      (#"{"do_lower_case":true,"strip_accents":null,"tokenize_chinese_chars":true}"#, nil),
      (#"{"strip_accents":true}"#, nil), ("{}", nil),
      (#"{"do_lower_case":false,"tokenizer_class":"PreTrainedTokenizerFast"}"#, nil),
      (
        #"{"do_lower_case":false,"tokenizer_class":"BertTokenizer"}"#,
        "do_lower_case is false, but normalizer.lowercase of tokenizer.json does the opposite"
      ),
      (
        #"{"strip_accents":false}"#,
        "strip_accents is false, but normalizer.strip_accents of tokenizer.json does the opposite"
      ),
      (
        #"{"tokenize_chinese_chars":false}"#,
        "tokenize_chinese_chars is false, but normalizer.handle_chinese_chars of tokenizer.json "
          + "does the opposite"
      ),
    ] as [(String, String?)])
  func agreement(config: String, message: String?) throws {
    let model = try ModelBuilder()
    try model.write("tokenizer_config.json", config)
    let expected = message.map {
      ResolutionError(.malformed, "\(model.path)/tokenizer_config.json: \($0)")
    }
    #expect(model.failure() == expected)
  }

  @Test("lower-casing that the tokenizer does not do is refused")
  func lowerCase() throws {
    let model = try ModelBuilder()
    try model.write("sentence_bert_config.json", #"{"do_lower_case":true}"#)
    #expect(try model.resolve().tokenizerOptions.lowercases)
    for normalizer in ["null", #"{"type":"NFC"}"#, #"{"type":"Sequence","normalizers":[]}"#] {
      try model.write("tokenizer.json", #"{"normalizer":\#(normalizer)}"#)
      #expect(
        model.failure()
          == ResolutionError(
            .unsupported,
            "\(model.path)/sentence_bert_config.json: do_lower_case is true, but "
              + "the normalizer of tokenizer.json does not lower-case"))
    }
    try model.write(
      "tokenizer.json",
      #"{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]}}"#)
    #expect(try model.resolve().tokenizerOptions.lowercases)
  }
}
