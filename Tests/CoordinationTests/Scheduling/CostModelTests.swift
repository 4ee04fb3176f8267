import Coordination
import Testing
import Wire

@Suite("Predicted costs")
struct CostModelTests {
  private func report(
    token: UInt64 = 50_000, squared: UInt64 = 40_000, tokens: Int = 250
  ) -> LoadReport {
    LoadReport(
      threads: 1, tokenNanoseconds: token, tokenSquaredPicoseconds: squared,
      tokensPerKilobyte: tokens)
  }

  @Test("decide nothing before anything was learned")
  func unlearned() {
    var model = CostModel()
    #expect(!model.isLearned)
    model.reported(LoadReport(threads: 1))
    #expect(!model.isLearned)
    model.reported(report())
    #expect(model.isLearned)
  }

  @Test("are what the first worker says, and grow with the square of the length")
  func reported() {
    var model = CostModel()
    model.reported(report())
    // 102 tokens with the special ones, 402 tokens.
    #expect(model.cost(byteCount: 400) == 102 * 50_000 + 102 * 102 * 40)
    #expect(model.cost(byteCount: 1_600) == 402 * 50_000 + 402 * 402 * 40)
  }

  @Test("follow later reports slowly")
  func later() {
    var model = CostModel()
    for _ in 0..<100 { model.reported(report(squared: 0)) }
    let before = model.cost(byteCount: 400)
    model.reported(report(token: 100_000, squared: 0))
    let after = model.cost(byteCount: 400)
    #expect(after > before && Double(after) < 1.06 * Double(before))
  }

  @Test("end at the model's limit of tokens")
  func limit() {
    var model = CostModel()
    model.reported(report(squared: 0))
    model.limit(tokens: 128)
    #expect(model.cost(byteCount: 1 << 20) == 128 * 50_000)
  }

  @Test("of several inputs are those of as many equal ones")
  func several() {
    var model = CostModel()
    model.reported(report(squared: 0))
    #expect(model.cost(byteCount: 4_000, inputCount: 10) == 10 * model.cost(byteCount: 400))
    #expect(model.cost(byteCount: 0, inputCount: 0) > 0)
  }

  @Test("learn from answers where workers tell nothing")
  func answers() {
    var model = CostModel()
    for _ in 0..<50 {
      let predicted = model.cost(byteCount: 400)
      model.answered(predicted: predicted, actual: 3_000_000)
    }
    #expect(model.isLearned)
    #expect(abs(model.cost(byteCount: 400) - 3_000_000) < 30_000)
    let unit = model.unit
    model.reported(report())
    #expect(model.unit != unit)
    model.answered(predicted: 1_000_000, actual: 100_000_000)
    #expect(model.cost(byteCount: 400) == 102 * 50_000 + 102 * 102 * 40)
  }

  @Test("stay within bounds, whatever is said", arguments: [UInt64.max, 1 << 40, 1])
  func bounds(value: UInt64) {
    var model = CostModel()
    model.reported(report(token: value, squared: value, tokens: .max))
    model.answered(predicted: 1, actual: .max)
    let cost = model.cost(byteCount: .max, inputCount: .max)
    #expect(cost >= 1 && cost <= 3_600_000_000_000)
  }
}
