import Resolution
import Testing

@Suite("token limits and dimensions")
struct LimitsTests {
  @Test(
    "the limit is max_seq_length, else the least of model_max_length and the positions",
    arguments: [
      (nil, nil, 16, "token-limit.positions"),
      (nil, "12", 12, "token-limit.tokenizer-config"),
      (nil, "512", 16, "token-limit.positions"),
      (nil, "1000000000000000019884624838656", 16, "token-limit.positions"),
      (nil, "null", 16, "token-limit.positions"),
      ("8", "12", 8, "token-limit.sentence-config"),
      ("14", "12", 14, "token-limit.sentence-config"),
      ("null", "12", 12, "token-limit.tokenizer-config"),
      ("16", nil, 16, "token-limit.sentence-config"),
    ] as [(String?, String?, Int, String)])
  func limit(sentence: String?, tokenizer: String?, limit: Int, rule: String) throws {
    let model = try ModelBuilder()
    if let sentence {
      try model.write("sentence_bert_config.json", #"{"max_seq_length":\#(sentence)}"#)
    }
    if let tokenizer {
      try model.write("tokenizer_config.json", #"{"model_max_length":\#(tokenizer)}"#)
    }
    let plan = try model.resolve()
    #expect(plan.maxTokens == limit)
    #expect(plan.rules.first { $0.fact == .tokenLimit }?.rule == rule)
  }

  @Test("other spellings of the file are read, the first one only")
  func spellings() throws {
    let model = try ModelBuilder()
    try model.write("sentence_xlnet_config.json", #"{"max_seq_length":5}"#)
    #expect(try model.resolve().maxTokens == 5)
    try model.write("sentence_roberta_config.json", #"{"max_seq_length":6}"#)
    #expect(try model.resolve().maxTokens == 6)
  }

  @Test("a limit over the positions, or that is none, is refused")
  func refusals() throws {
    let model = try ModelBuilder()
    let file = "\(model.path)/sentence_bert_config.json"
    try model.write("sentence_bert_config.json", #"{"max_seq_length":17}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .malformed,
          "\(file): max_seq_length is 17, but the model has only 16 positions "
            + "(max_position_embeddings of config.json)"))
    try model.write("sentence_bert_config.json", #"{"max_seq_length":0}"#)
    #expect(
      model.failure()?.message
        == "\(file): max_seq_length is 0, but must be at least 1")
    try model.write("sentence_bert_config.json", "{}")
    try model.write("tokenizer_config.json", #"{"model_max_length":-1}"#)
    #expect(
      model.failure()?.message
        == "\(model.path)/tokenizer_config.json: model_max_length is -1.0, which is no token count")
    try model.write("tokenizer_config.json", "{}")
    try model.configure(#""max_position_embeddings":null"#)
    #expect(
      model.failure()
        == ResolutionError(
          .missing, "\(model.path)/config.json: max_position_embeddings is missing"))
  }

  @Test("an override lowers the limit and cannot raise it")
  func override() throws {
    let model = try ModelBuilder()
    #expect(try model.resolve(Overrides(maxTokens: 7)).maxTokens == 7)
    #expect(try model.resolve(Overrides(maxTokens: 16)).maxTokens == 16)
    for maxTokens in [17, 0] {
      #expect(
        model.failure(Overrides(maxTokens: maxTokens))
          == ResolutionError(
            .invalidOverride,
            "max tokens \(maxTokens): must be 1 to 16, the model's limit"))
    }
  }

  @Test("embeddings may be cut to what the configuration lists, else to any length")
  func matryoshka() throws {
    let model = try ModelBuilder()
    #expect(try model.resolve().allowedDimensions == [])
    try model.configure(#""matryoshka_dimensions":[4,2]"#)
    #expect(try model.resolve().allowedDimensions == [4, 2])
    try model.configure(#""matryoshka_dimensions":[4,5]"#)
    #expect(
      model.failure()
        == ResolutionError(
          .malformed,
          "\(model.path)/config.json: matryoshka_dimensions holds something that is "
            + "not 1 to 4"))
    try model.configure(#""matryoshka_dimensions":8"#)
    #expect(
      model.failure()?.message
        == "\(model.path)/config.json: matryoshka_dimensions is not a list of lengths")
  }

  @Test("truncate_dim is the length of vectors unless a call asks for another")
  func defaultCut() throws {
    let model = try ModelBuilder()
    #expect(try model.resolve().defaultDimensions == nil)
    try model.write("config_sentence_transformers.json", #"{"truncate_dim":2}"#)
    let plan = try model.resolve()
    #expect(plan.dimensions == 4 && plan.defaultDimensions == 2)
    try model.write("config_sentence_transformers.json", #"{"truncate_dim":4}"#)
    #expect(try model.resolve().defaultDimensions == nil)
  }

  @Test("a missing hidden_size and a default cut beyond the width are refused")
  func dimensionRefusals() throws {
    let model = try ModelBuilder()
    try model.write("config_sentence_transformers.json", #"{"truncate_dim":5}"#)
    #expect(
      model.failure()?.message.contains(
        "\(model.path)/config_sentence_transformers.json: truncate_dim") == true)
    try model.configure(#""hidden_size":null"#)
    #expect(model.failure()?.message == "\(model.path)/config.json: hidden_size is missing")
  }
}
