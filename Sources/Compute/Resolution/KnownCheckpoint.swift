/// A published reranker whose files do not say how it is used, and whose card does: the tokens of
/// its answer and the text around a query and a document.
struct KnownCheckpoint: Sendable {
  /// What `inspect` calls it.
  var name: String
  /// The class of the published files first, then the one that the field converts them to.
  var architectures: [String]
  /// What `_name_or_path` of `config.json` says in copies of it.
  var origins: [String]
  /// Texts that its model card has, all of them, and that no other card has together.
  var cardTexts: [String]
  /// The tokens of its head, the negative one first where there are two; none where it has a head
  /// of its own.
  var tokens: [String] = []
  /// What is made of them; nil where it has a head of its own.
  var method: TokenHead.Method?
  /// Its prompt, byte for byte as in the card's code.
  var template: ScoreTemplate

  static let all = [qwen3Reranker, mxbaiRerankV2, bgeRerankerV2Gemma, nemotronRerank]

  /// Qwen/Qwen3-Reranker-0.6B, -4B and -8B. The card tokenises prefix, middle and suffix each on
  /// its own, and the suffix ends with two line ends, of which vLLM's template file loses one.
  static let qwen3Reranker = KnownCheckpoint(
    name: "qwen3-reranker",
    architectures: ["Qwen3ForCausalLM", "Qwen3ForSequenceClassification"],
    origins: ["0.6B", "4B", "8B"].map { "Qwen/Qwen3-Reranker-\($0)" },
    cardTexts: [
      "Qwen3-Reranker",
      "Judge whether the Document meets the requirements based on the Query and the Instruct "
        + "provided.",
    ],
    tokens: ["no", "yes"], method: .fromTwoWaySoftmax,
    template: ScoreTemplate(
      pieces: [
        [
          text(
            "<|im_start|>system\nJudge whether the Document meets the requirements based on the "
              + "Query and the Instruct provided. Note that the answer can only be \"yes\" or "
              + "\"no\".<|im_end|>\n<|im_start|>user\n")
        ],
        [
          text("<Instruct>: "), .instruction, text("\n<Query>: "), .query,
          text("\n<Document>: "), .document,
        ],
        [text("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")],
      ],
      instruction: Array(
        "Given a web search query, retrieve relevant passages that answer the query".utf8)))

  /// mixedbread-ai/mxbai-rerank-base-v2 and -large-v2: `MxbaiRerankV2` of the package mxbai-rerank,
  /// which the card calls.
  static let mxbaiRerankV2 = KnownCheckpoint(
    name: "mxbai-rerank-v2",
    architectures: ["Qwen2ForCausalLM", "Qwen2ForSequenceClassification"],
    origins: ["base", "large"].map { "mixedbread-ai/mxbai-rerank-\($0)-v2" },
    cardTexts: ["MxbaiRerankV2(", "mixedbread-ai/mxbai-rerank-"],
    tokens: ["0", "1"], method: .fromTwoWaySoftmax,
    template: ScoreTemplate(pieces: [
      [
        text(
          "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful "
            + "assistant.<|im_end|>\n<|im_start|>user\n")
      ],
      [
        .optionalInstruction(before: Array("instruction: ".utf8), after: Array("\n".utf8)),
        text("query: "), .query,
      ],
      [text("\n")],
      [text("document: "), .document],
      [text("\n")],
      [
        text(
          "You are a search relevance expert who evaluates how well documents match search "
            + "queries. For each query-document pair, carefully analyze the semantic relationship "
            + "between them, then provide your binary relevance judgment (0 for not relevant, 1 "
            + "for relevant).\nRelevance:")
      ],
      [text("<|im_end|>\n<|im_start|>assistant\n")],
    ]))

  /// BAAI/bge-reranker-v2-gemma: `get_inputs` of the card, whose prompt takes the place of an
  /// instruction there.
  static let bgeRerankerV2Gemma = KnownCheckpoint(
    name: "bge-reranker-v2-gemma",
    architectures: ["GemmaForCausalLM", "GemmaForSequenceClassification"],
    origins: ["BAAI/bge-reranker-v2-gemma"],
    cardTexts: [
      "BAAI/bge-reranker-v2-gemma",
      "Given a query A and a passage B, determine whether the passage contains an answer to the "
        + "query by providing a prediction of either 'Yes' or 'No'.",
    ],
    tokens: ["Yes"], method: .noPostProcessing,
    template: ScoreTemplate(
      pieces: [
        [text("<bos>")], [text("A: "), .query], [text("\n")], [text("B: "), .document],
        [text("\n")], [.instruction],
      ],
      instruction: Array(
        ("Given a query A and a passage B, determine whether the passage contains an answer to the "
          + "query by providing a prediction of either 'Yes' or 'No'.").utf8)))

  /// nvidia/llama-nemotron-rerank-1b-v2 and its forerunner; they have a trained head. The card
  /// tokenises it all at once, with the tokenizer's special tokens.
  static let nemotronRerank = KnownCheckpoint(
    name: "llama-nemotron-rerank",
    architectures: ["LlamaBidirectionalForSequenceClassification"],
    origins: ["nvidia/llama-nemotron-rerank-1b-v2", "nvidia/llama-3.2-nv-rerankqa-1b-v2"],
    cardTexts: [#"question:{query} \n \n passage:{passage}"#],
    template: ScoreTemplate(
      pieces: [[text("question:"), .query, text(" \n \n passage:"), .document]],
      addsSpecialTokens: true))

  private static func text(_ text: String) -> ScoreTemplate.Part { .text(Array(text.utf8)) }
}

/// The published reranker that a directory holds, or none.
struct CheckpointChoice: FactValue {
  var known: KnownCheckpoint?

  var factText: String { known?.name ?? "none" }
}

/// A score template, or none.
struct ScoreTemplateChoice: FactValue {
  var template: ScoreTemplate?

  var factText: String { template?.description ?? "none" }
}

extension FactKey where Value == CheckpointChoice {
  static var checkpoint: Self { Self(fact: .checkpoint) }
}

extension FactKey where Value == ScoreTemplateChoice {
  static var scoreTemplate: Self { Self(fact: .scoreTemplate) }
}
