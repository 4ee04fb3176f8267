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
  /// The length that they are cut to unless a call says otherwise; nil: none.
  var initial: Int? = nil

  var factText: String {
    guard let width else { return "none" }
    return "\(width)" + (initial.map { ", cut to \($0) by default" } ?? "")
      + (allowed.isEmpty ? "" : ", may be cut to \(allowed)")
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

/// The poolings whose results stand one after another in a vector; at least one.
struct Poolings: FactValue {
  var list: [Pooling]

  init(_ pooling: Pooling) { list = [pooling] }

  init(joined list: [Pooling]) { self.list = list }

  var factText: String { list.map(\.rawValue).joined(separator: ", ") }
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

/// The Dense modules in file order, and the norms between them.
struct DenseModules: FactValue {
  var list: [DenseModule] = []
  var norms: [VectorNorm] = []

  var factText: String {
    var parts: [String] = []
    for index in 0...list.count {
      parts += norms.filter { $0.mapsBefore == index }.map { "norm of \($0.width)" }
      guard index < list.count else { break }
      let own = list[index]
      parts.append("\(own.inFeatures) to \(own.outFeatures), \(own.function.rawValue)")
    }
    return parts.isEmpty ? "none" : parts.joined(separator: "; ")
  }
}

/// A head that is made from the language model's, or none.
struct TokenHeadChoice: FactValue {
  var head: TokenHead? = nil

  var factText: String {
    head.map { "\($0.method.rawValue) of \($0.tokens.joined(separator: ", "))" } ?? "none"
  }
}
