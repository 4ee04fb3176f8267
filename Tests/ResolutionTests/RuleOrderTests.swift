import Resolution
import Testing

@Suite("the order of the rules")
struct RuleOrderTests {
  @Test("no rule reads a fact that it or a later rule sets")
  func noCircle() {
    for (index, rule) in Resolution.rules.enumerated() {
      for later in Resolution.rules[index...] {
        #expect(
          !rule.reads.contains(later.sets),
          "\(rule.name) reads \(later.sets.rawValue), which \(later.name) sets")
      }
    }
  }

  @Test("every fact has a rule, and every rule a name of its own that begins with its fact")
  func names() {
    #expect(Set(Resolution.rules.map(\.sets)) == Set(Fact.allCases))
    #expect(Set(Resolution.rules.map(\.name)).count == Resolution.rules.count)
    for rule in Resolution.rules {
      #expect(rule.name.hasPrefix(rule.sets.rawValue + "."))
    }
  }

  @Test("a plan records one decision for each fact, in the order of the rules")
  func decisions() throws {
    let plan = try ModelBuilder().resolve()
    #expect(plan.rules.count == Fact.allCases.count)
    #expect(Set(plan.rules.map(\.fact)) == Set(Fact.allCases))
    let order = Resolution.rules.map(\.name)
    let places = plan.rules.compactMap { order.firstIndex(of: $0.rule) }
    #expect(places.count == plan.rules.count)
    #expect(places == places.sorted())
  }
}
