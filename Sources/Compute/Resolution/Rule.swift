/// One step of resolution: looks at the metadata and at facts decided before, and decides one fact
/// or passes.
///
/// The first rule for a fact that does not pass decides it. A rule declares what it reads, and the
/// declaration is enforced: so the order of the list alone proves that there is no circle.
package struct Rule: Sendable {
  /// The name that `inspect` shows: the fact, and where the decision comes from.
  package let name: String
  /// The facts that it may read.
  package let reads: Set<Fact>
  /// The fact that it decides.
  package let sets: Fact
  private let body: @Sendable (FactScope, ModelMetadata) throws(ResolutionError) -> (any FactValue)?

  /// `body` gives the value, or nil to pass; it throws where the directory contradicts itself or
  /// asks for what nothing here can do.
  init<Value>(
    _ name: String, sets key: FactKey<Value>, reads: Set<Fact> = [],
    _ body: @escaping @Sendable (FactScope, ModelMetadata) throws(ResolutionError) -> Value?
  ) {
    self.name = name
    self.reads = reads
    sets = key.fact
    self.body = { (facts, metadata) throws(ResolutionError) in try body(facts, metadata) }
  }

  /// The value that the rule decides on, nil when it passes.
  func decide(
    _ facts: Facts, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> (any FactValue)? {
    try body(FactScope(facts, for: self), metadata)
  }
}

/// Which rule decided a fact, and how; for `inspect`.
package struct RuleDecision: Sendable, Equatable {
  /// The fact.
  package var fact: Fact
  /// The name of the rule.
  package var rule: String
  /// The value as text.
  package var value: String
}
