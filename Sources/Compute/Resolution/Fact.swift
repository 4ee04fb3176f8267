/// What the rules decide, one after another.
package enum Fact: String, Sendable, CaseIterable {
  case architecture
  case family
  case checkpoint
  case conversion
  case task
  case tokenHead = "token-head"
  case modules
  case interaction = "late-interaction"
  case sparse = "sparse-head"
  case outputs
  case tokenRows = "token-rows"
  case pooling
  case padToken = "pad-token"
  case dense
  case normalize
  case scoreTemplate = "score-template"
  case labels
  case activation
  case score
  case tokenLimit = "token-limit"
  case maxTokens = "max-tokens"
  case dimensions
  case prompts
  case tokenizer
  case tensors
}

/// A value that a rule can decide on.
protocol FactValue: Sendable {
  /// The value as `inspect` shows it.
  var factText: String { get }
}

/// The name of a fact with the type of its value.
struct FactKey<Value: FactValue>: Sendable {
  let fact: Fact
}

/// The facts that are decided so far.
struct Facts: Sendable {
  private var values: [Fact: any FactValue] = [:]

  func isDecided(_ fact: Fact) -> Bool { values[fact] != nil }

  mutating func decide(_ fact: Fact, _ value: any FactValue) { values[fact] = value }

  /// A fact that must be decided: that some rule decides each, and before it is read, is what the
  /// order of rules guarantees.
  subscript<Value>(_ key: FactKey<Value>) -> Value {
    guard let value = values[key.fact] as? Value else {
      preconditionFailure("no rule decided \(key.fact.rawValue) before it was read")
    }
    return value
  }
}

/// The facts that one rule may read: those that it declares.
struct FactScope: Sendable {
  fileprivate let facts: Facts
  fileprivate let rule: Rule

  init(_ facts: Facts, for rule: Rule) {
    self.facts = facts
    self.rule = rule
  }

  /// The value of a declared fact. Reading another one is a bug of the rule and ends the process.
  subscript<Value>(_ key: FactKey<Value>) -> Value {
    precondition(
      rule.reads.contains(key.fact),
      "rule \(rule.name) reads \(key.fact.rawValue) without declaring it")
    return facts[key]
  }
}

extension FactKey where Value == String {
  static var architecture: Self { Self(fact: .architecture) }
}

extension FactKey where Value == ModelFamily {
  static var family: Self { Self(fact: .family) }
}

extension FactKey where Value == Conversion {
  static var conversion: Self { Self(fact: .conversion) }
}

extension FactKey where Value == Task {
  static var task: Self { Self(fact: .task) }
}

extension FactKey where Value == ModuleList {
  static var modules: Self { Self(fact: .modules) }
}

extension FactKey where Value == Poolings {
  static var pooling: Self { Self(fact: .pooling) }
}

extension FactKey where Value == Bool {
  static var normalize: Self { Self(fact: .normalize) }
}

extension FactKey where Value == [String] {
  static var labels: Self { Self(fact: .labels) }
}

extension FactKey where Value == Activation {
  static var activation: Self { Self(fact: .activation) }
}

extension FactKey where Value == ScoreMeaning {
  static var score: Self { Self(fact: .score) }
}

extension FactKey where Value == Int {
  static var tokenLimit: Self { Self(fact: .tokenLimit) }
  static var maxTokens: Self { Self(fact: .maxTokens) }
}

extension FactKey where Value == Dimensions {
  static var dimensions: Self { Self(fact: .dimensions) }
}

extension FactKey where Value == Prompts {
  static var prompts: Self { Self(fact: .prompts) }
}

extension FactKey where Value == TokenizerOptions {
  static var tokenizer: Self { Self(fact: .tokenizer) }
}

extension FactKey where Value == FamilyTensors {
  static var tensors: Self { Self(fact: .tensors) }
}

extension FactKey where Value == DenseModules {
  static var dense: Self { Self(fact: .dense) }
}

extension FactKey where Value == TokenHeadChoice {
  static var tokenHead: Self { Self(fact: .tokenHead) }
}
