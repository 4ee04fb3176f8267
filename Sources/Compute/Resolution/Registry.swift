/// The architectures that can be served, by the class name in `config.json`.
enum Registry {
  /// What a class computes by itself.
  enum Head: Sendable {
    /// Hidden states.
    case none
    /// Logits for each input.
    case sequenceClassification
    /// Logits over the vocabulary, which pooling has no use for.
    case languageModel
    /// A vector for each token, to be compared by MaxSim.
    case tokenEmbedding
    /// Logits for each token.
    case tokenClassification
    /// Weights for ids of the vocabulary.
    case sparseEmbedding
    /// A reward for each input.
    case reward
    /// A reward for each step.
    case processReward

    var isReward: Bool { self == .reward || self == .processReward }
  }

  /// A class that can be served.
  struct Entry: Sendable {
    var family: ModelFamily
    var head: Head
    /// The task that the class does without an override.
    var task: Task {
      switch head {
      case .none, .languageModel, .sparseEmbedding: .embed
      case .sequenceClassification, .reward: .classify
      case .tokenEmbedding: .tokenEmbed
      case .tokenClassification, .processReward: .tokenClassify
      }
    }
    /// The pooling where the directory says none; `pooling_models.md` §5.3.
    var pooling: Pooling { FamilyFacts.of(family).isDecoder ? .last : .cls }
  }

  private static let stems: [(String, ModelFamily)] = [
    ("Bert", .bert), ("Roberta", .roberta), ("XLMRoberta", .roberta), ("Camembert", .roberta),
    ("DistilBert", .distilBert), ("MPNet", .mpnet), ("Electra", .electra), ("Albert", .albert),
    ("ModernBert", .modernBert), ("NomicBert", .nomicBert), ("New", .gte), ("GteNew", .gte),
    ("Gte", .gte), ("DebertaV2", .debertaV2), ("Qwen2", .qwen2), ("Qwen3", .qwen3),
    ("Llama", .llama), ("LlamaBidirectional", .llama),
    ("Mistral", .mistral), ("Gemma", .gemma), ("Gemma2", .gemma2), ("Gemma3Text", .gemma3),
    ("Phi3", .phi3), ("GPT2", .gpt2),
  ]

  static let entries: [String: Entry] = {
    var entries: [String: Entry] = [:]
    for (stem, family) in stems {
      entries[stem + "Model"] = Entry(family: family, head: .none)
      entries[stem + "ForSequenceClassification"] = Entry(
        family: family, head: .sequenceClassification)
      entries[stem + "ForTokenClassification"] = Entry(
        family: family, head: .tokenClassification)
      let language = FamilyFacts.of(family).isDecoder ? "ForCausalLM" : "ForMaskedLM"
      entries[stem + language] = Entry(family: family, head: .languageModel)
    }
    // Names that do not follow the pattern.
    entries["GPT2LMHeadModel"] = Entry(family: .gpt2, head: .languageModel)
    entries["LlamaBidirectionalForCausalLM"] = nil
    entries["GPT2ForCausalLM"] = nil
    entries["Gemma3ForCausalLM"] = Entry(family: .gemma3, head: .languageModel)
    entries["Gemma3TextForCausalLM"] = nil
    entries["Qwen2ForProcessRewardModel"] = Entry(family: .qwen2, head: .processReward)
    entries["Qwen2ForRewardModel"] = Entry(family: .qwen2, head: .reward)
    // Stanford's ColBERT over BERT.
    entries["HF_ColBERT"] = Entry(family: .bert, head: .tokenEmbedding)
    // vLLM's name for SPLADE over BERT's language model.
    entries["BertSpladeSparseEmbeddingModel"] = Entry(family: .bert, head: .sparseEmbedding)
    return entries
  }()

  /// The class that transformers' AutoModel takes for a `model_type`.
  static let classOfModelType = [
    "bert": "BertModel", "roberta": "RobertaModel", "xlm-roberta": "XLMRobertaModel",
    "camembert": "CamembertModel", "distilbert": "DistilBertModel", "mpnet": "MPNetModel",
    "electra": "ElectraModel", "albert": "AlbertModel", "modernbert": "ModernBertModel",
    "nomic_bert": "NomicBertModel", "new": "NewModel", "gte": "GteModel",
    "deberta-v2": "DebertaV2Model",
    "qwen2": "Qwen2Model", "qwen3": "Qwen3Model", "llama": "LlamaModel",
    "mistral": "MistralModel", "gemma": "GemmaModel", "gemma2": "Gemma2Model",
    "llama_bidirec": "LlamaBidirectionalModel", "gemma3_text": "Gemma3TextModel",
    "phi3": "Phi3Model", "gpt2": "GPT2Model",
  ]

  /// Classes that are known and cannot be served, with the reason as it follows the name.
  static let refusals = [
    "JinaForRanking":
      "a listwise ranker: it reads all documents of a call at once, so that a score "
      + "depends on the other documents, which Score promises not to happen"
  ]

  static var supportedStems: String { stems.map(\.0).sorted().joined(separator: ", ") }
}
