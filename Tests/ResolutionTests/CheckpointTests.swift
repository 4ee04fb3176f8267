import Resolution
import Testing

@Suite("published rerankers")
struct CheckpointTests {
  private static let qwenCard =
    "# Qwen3-Reranker-0.6B\nJudge whether the Document meets the requirements based on the Query "
    + "and the Instruct provided."

  @Test(
    "a class with the card of a reranker, or its name, becomes what the card makes of it",
    arguments: [
      ("Qwen3ForCausalLM", "", qwenCard, "qwen3-reranker", "checkpoint.model-card"),
      (
        "Qwen3ForCausalLM", #","_name_or_path":"Qwen/Qwen3-Reranker-4B""#, nil, "qwen3-reranker",
        "checkpoint.config-name"
      ),
      (
        "Qwen3ForCausalLM", #","is_original_qwen3_reranker":true"#, nil, "qwen3-reranker",
        "checkpoint.original-flag"
      ),
      (
        "Qwen2ForCausalLM", "", #"m = MxbaiRerankV2("mixedbread-ai/mxbai-rerank-large-v2")"#,
        "mxbai-rerank-v2", "checkpoint.model-card"
      ),
      (
        "GemmaForCausalLM", #","_name_or_path":"BAAI/bge-reranker-v2-gemma""#, nil,
        "bge-reranker-v2-gemma", "checkpoint.config-name"
      ),
    ] as [(String, String, String?, String, String)])
  func known(
    architecture: String, config: String, card: String?, name: String, rule: String
  ) throws {
    let model = try ModelBuilder.decoder(architecture, extra: config)
    if let card { try model.write("README.md", card) }
    let plan = try model.resolve()
    #expect(plan.checkpoint == name)
    #expect(try model.rule(.checkpoint) == rule)
    #expect(plan.task == .classify && plan.conversion == .sequenceClassification)
    #expect(plan.labels.count == 1 && plan.activation == .sigmoid)
    #expect(plan.score == .crossEncoder && plan.scoreTemplate != nil)
    #expect(try model.rule(.scoreTemplate) == "score-template.known-checkpoint")
  }

  @Test("the tokens and methods are those of the cards")
  func heads() throws {
    let expected: [(String, String, TokenHead)] = [
      (
        "Qwen3ForCausalLM", "Qwen/Qwen3-Reranker-8B",
        TokenHead(tokens: ["no", "yes"], ids: [0, 1], method: .fromTwoWaySoftmax)
      ),
      (
        "Qwen2ForCausalLM", "mixedbread-ai/mxbai-rerank-base-v2",
        TokenHead(tokens: ["0", "1"], ids: [2, 3], method: .fromTwoWaySoftmax)
      ),
      (
        "GemmaForCausalLM", "BAAI/bge-reranker-v2-gemma",
        TokenHead(tokens: ["Yes"], ids: [4], method: .noPostProcessing)
      ),
    ]
    for (architecture, origin, head) in expected {
      let model = try ModelBuilder.decoder(
        architecture, extra: #","_name_or_path":"\#(origin)""#)
      #expect(try model.resolve().tokenHead == head)
      #expect(try model.rule(.tokenHead) == "token-head.known-checkpoint")
      #expect(try model.rule(.conversion) == "conversion.known-checkpoint")
    }
  }

  @Test(
    "without both, name and class, a language model embeds: nothing is guessed",
    arguments: [
      ("Qwen3ForCausalLM", "", nil), ("Qwen3ForCausalLM", "", "# Qwen3-Reranker-0.6B"),
      ("Qwen2ForCausalLM", "", qwenCard),
      ("LlamaForCausalLM", #","_name_or_path":"Qwen/Qwen3-Reranker-4B""#, nil),
      ("Qwen3ForCausalLM", #","_name_or_path":"someone/Qwen3-Reranker-4B""#, nil),
      ("Qwen3ForCausalLM", #","is_original_qwen3_reranker":false"#, nil),
    ] as [(String, String, String?)])
  func unknown(architecture: String, config: String, card: String?) throws {
    let model = try ModelBuilder.decoder(architecture, extra: config)
    if let card { try model.write("README.md", card) }
    let plan = try model.resolve()
    #expect(plan.checkpoint == nil && plan.task == .embed && plan.score == .cosine)
    #expect(try model.rule(.checkpoint) == "checkpoint.none")
    #expect(try model.rule(.conversion) == "conversion.language-model")
  }

  @Test("a Pooling module says that somebody made an embedding of the reranker")
  func pooled() throws {
    let model = try ModelBuilder.decoder("Qwen3ForCausalLM")
    try model.write("README.md", Self.qwenCard)
    try model.addModules()
    #expect(try model.resolve().task == .embed)
  }

  @Test("a converted copy with a head of its own keeps it, and gets the prompt")
  func converted() throws {
    let model = try ModelBuilder.decoder(
      "Qwen3ForSequenceClassification", head: "score.weight", extra: #","num_labels":1"#)
    try model.write("README.md", Self.qwenCard)
    let plan = try model.resolve()
    #expect(plan.tokenHead == nil && plan.scoreTemplate?.takesInstruction == true)
    #expect(plan.rule == "conversion.decoder-classifier")
  }

  @Test("a known reranker whose vocabulary lacks its answer is refused")
  func missingToken() throws {
    let model = try ModelBuilder.decoder("Qwen3ForCausalLM")
    try model.write("README.md", Self.qwenCard)
    try model.write("tokenizer.json", #"{"model":{"type":"BPE","vocab":{"yes":1}}}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .missing,
          "\(model.path)/tokenizer.json: the card of qwen3-reranker names 'no', which is not an "
            + "entry of the vocabulary"))
  }

  @Test("the templates are the cards', byte for byte")
  func templates() throws {
    let pieces = try ModelBuilder.decoder(
      "Qwen3ForCausalLM", extra: #","is_original_qwen3_reranker":true"#
    ).resolve().scoreTemplate.map { "\($0)" }
    #expect(
      pieces == #"""
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and \#
        the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n\#
        <|im_start|>user\n" + "<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {document}" + \#
        "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", instruction "Given a web search \#
        query, retrieve relevant passages that answer the query"
        """#)
  }

  @Test("NVIDIA's bidirectional Llamas pool as they say, and know their prompt")
  func bidirectional() throws {
    let model = try ModelBuilder.decoder(
      "LlamaBidirectionalForSequenceClassification", head: "score.weight",
      extra: #","num_labels":1,"pooling":"avg""#)
    try model.write("README.md", #"f"question:{query} \n \n passage:{passage}""#)
    let plan = try model.resolve()
    #expect(plan.pooling == .mean && plan.score == .crossEncoder)
    #expect(
      plan.scoreTemplate.map { "\($0)" }
        == #""question:{query} \n \n passage:{document}", special tokens around"#)
    try model.configure(#""pooling":"max""#)
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/config.json: pooling is 'max', which cannot be run; avg, cls and last can")
    )
  }

  @Test("a listwise ranker is recognised and refused with the reason")
  func listwise() throws {
    let model = try ModelBuilder.decoder("JinaForRanking")
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/config.json: architectures is 'JinaForRanking', a listwise ranker: it "
            + "reads all documents of a call at once, so that a score depends on the other "
            + "documents, which Score promises not to happen"))
  }
}
