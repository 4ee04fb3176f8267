import Foundation
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

@Suite("the page on resolution")
struct ResolutionPageTests {
  @Test("names every rule, in the row of its fact and in the order in which they are asked")
  func everyRule() throws {
    let page = try page()
    for fact in Fact.allCases {
      let rules = Resolution.rules.filter { $0.sets == fact }.map { "`\($0.name)`" }
      let row = "| \(fact.rawValue) | \(rules.joined(separator: ", ")) |"
      #expect(page.contains(row), "the page has no row \(row)")
    }
  }

  @Test("names every key of an overrides file")
  func everyKey() throws {
    let page = try page()
    for key in Overrides.keys { #expect(page.contains("`\(key)`"), "the page lacks \(key)") }
  }

  private func page() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(
      contentsOfFile: root.path
        + "/Sources/Compute/Resolution/Documentation.docc/HowAModelIsResolved.md",
      encoding: .utf8)
  }
}
