/// The steps of `modules.json`, nil without the file and where it describes another task.
struct ModuleList: FactValue {
  var kinds: [SentenceModule.Kind]?

  var factText: String { kinds?.map(\.rawValue).joined(separator: ", ") ?? "none" }
}

/// What Score means, and why nothing where it is refused.
struct ScoreMeaning: FactValue {
  var type: ScoreType
  var reason: String?

  var factText: String { reason.map { "\(type.rawValue): \($0)" } ?? type.rawValue }
}

/// The width of embeddings, and the lengths that they may be cut to (empty: any).
struct Dimensions: FactValue {
  var width: Int?
  var allowed: [Int]

  var factText: String {
    guard let width else { return "none" }
    return allowed.isEmpty ? "\(width)" : "\(width), may be cut to \(allowed)"
  }
}

extension String: FactValue {
  var factText: String { self }
}

extension Bool: FactValue {
  var factText: String { description }
}

extension Int: FactValue {
  var factText: String { description }
}

extension [String]: FactValue {
  var factText: String { isEmpty ? "none" : joined(separator: ", ") }
}

extension ModelFamily: FactValue {
  var factText: String { rawValue }
}

extension Conversion: FactValue {
  var factText: String { rawValue }
}

extension Task: FactValue {
  var factText: String { rawValue }
}

extension Pooling: FactValue {
  var factText: String { rawValue }
}

extension Activation: FactValue {
  var factText: String { rawValue }
}

extension Prompts: FactValue {
  var factText: String {
    let names = texts.keys.sorted().joined(separator: ", ")
    return names.isEmpty ? "none" : "\(names); default \(defaultName ?? "none")"
  }
}

extension TokenizerOptions: FactValue {
  var factText: String { lowercases ? "lower-cases" : "keeps case" }
}

extension FamilyTensors: FactValue {
  var factText: String {
    "\(used.count) used, \(unused.count) unused"
  }
}

/// The Dense modules in file order.
struct DenseModules: FactValue {
  var list: [DenseModule]

  var factText: String {
    list.isEmpty
      ? "none"
      : list.map { "\($0.inFeatures) to \($0.outFeatures), \($0.function.rawValue)" }
        .joined(separator: "; ")
  }
}

/// A head that is made from the language model's, or none.
struct TokenHeadChoice: FactValue {
  var head: TokenHead? = nil

  var factText: String {
    head.map { "\($0.method.rawValue) of \($0.tokens.joined(separator: ", "))" } ?? "none"
  }
}
