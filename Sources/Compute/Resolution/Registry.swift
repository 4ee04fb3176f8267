/// The architectures that can be served, by the class name in `config.json`.
enum Registry {
  /// What a class computes by itself.
  enum Head: Sendable {
    /// Hidden states.
    case none
    /// Logits for each input.
    case sequenceClassification
  }

  /// A class that can be served.
  struct Entry: Sendable {
    var family: ModelFamily
    var head: Head
    /// The task that the class does without conversion.
    var task: Task { head == .none ? .embed : .classify }
    /// The pooling of embeddings where the directory says none; `pooling_models.md` §5.3.
    var pooling: Pooling
  }

  static let entries: [String: Entry] = [
    "BertModel": Entry(family: .bert, head: .none, pooling: .cls),
    "BertForSequenceClassification": Entry(
      family: .bert, head: .sequenceClassification, pooling: .cls),
  ]

  /// The class that transformers' AutoModel takes for a `model_type`.
  static let classOfModelType = ["bert": "BertModel"]

  static var supportedNames: String { entries.keys.sorted().joined(separator: ", ") }
}
