internal import ModelFiles

/// The tensors of the weights while a family looks for its own among them.
struct TensorTable: Sendable {
  /// What messages call the weights.
  let source: String
  /// All tensors by name.
  let summaries: [String: TensorSummary]
  /// The names that the model uses.
  private(set) var used: Set<String> = []

  init(_ tensors: [TensorSummary], source: String) {
    self.source = source
    summaries = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
  }

  func contains(_ name: String) -> Bool { summaries[name] != nil }

  /// Marks `name` as used, or `other` where only that is there; gives the one that is. Throws
  /// `.missing`.
  mutating func take(_ name: String, or other: String? = nil) throws(ResolutionError) -> String {
    for candidate in [name, other].compactMap(\.self) where contains(candidate) {
      used.insert(candidate)
      return candidate
    }
    let alternative = other.map { " (or \($0.quotedForMessage))" } ?? ""
    throw ResolutionError(
      .missing, "\(source): tensor \(name.quotedForMessage)\(alternative) is missing")
  }
}

/// The names of all tensors of a model, as its family knows them.
package enum FamilyTensorNames: Sendable, Equatable {
  /// Those of a BERT.
  case bert(BertTensors)
  /// Those of every other family.
  case stack(StackTensors)
}

/// The outcome of looking a family's tensors up.
struct FamilyTensors: Sendable, Equatable {
  /// The names by their role.
  var names: FamilyTensorNames
  /// Maps of token vectors.
  var tokens = TokenTensors()
  /// Every tensor that the model uses, sorted.
  var used: [String]
  /// Every tensor that the family knows and the task does not use, sorted.
  var unused: [String]
  /// The elements of all floating-point tensors, used or not.
  var parameterCount: Int
}
