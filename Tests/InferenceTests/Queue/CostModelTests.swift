import Inference
import Testing

@Suite("Cost model")
struct CostModelTests {
  @Test("the line through a short and a long measurement gives both back")
  func twoPoints() {
    let model = CostModel(
      shortTokens: 16, shortNanoseconds: 16 * 50_000 + 256 * 100, longTokens: 256,
      longNanoseconds: 256 * 50_000 + 65_536 * 100)
    #expect(abs(model.nanosecondsPerToken - 50_000) < 1)
    #expect(abs(model.nanosecondsPerSquaredToken - 100) < 1e-6)
    #expect(model.cost(tokens: 16) == 825_600)
  }

  @Test("a short input that was slower for each token gives no negative term")
  func noisyPoints() {
    let model = CostModel(
      shortTokens: 8, shortNanoseconds: 8 * 90_000, longTokens: 128, longNanoseconds: 128 * 40_000)
    #expect(model.nanosecondsPerSquaredToken == 0)
    #expect(model.nanosecondsPerToken == 40_000)
  }

  @Test("batches that take twice as long as predicted pull the prediction up to twice")
  func learnsFromBatches() {
    var model = CostModel(nanosecondsPerToken: 10_000, nanosecondsPerSquaredToken: 10)
    for _ in 0..<200 {
      let predicted = model.cost(tokens: 100)
      model.batchMeasured(
        predicted: predicted, measured: 2 * (1_000_000 + 100_000), fullBatch: 1_000_000)
    }
    #expect(abs(model.nanosecondsPerToken / 20_000 - 1) < 0.01)
    #expect(abs(model.nanosecondsPerSquaredToken / 20 - 1) < 0.01)
  }

  @Test("one batch on a thread that was descheduled moves the prediction by a bounded factor")
  func outlier() {
    var model = CostModel(nanosecondsPerToken: 10_000, nanosecondsPerSquaredToken: 0)
    model.batchMeasured(predicted: 1_000_000, measured: 1_000_000_000, fullBatch: 1_000_000)
    #expect(model.nanosecondsPerToken <= 13_001)
    model.batchMeasured(predicted: 0, measured: 5, fullBatch: 1)
    #expect(model.nanosecondsPerToken <= 13_001)
  }

  @Test("tokens for a byte follow the texts that were seen")
  func learnsTokensPerByte() {
    var model = CostModel()
    for _ in 0..<100 { model.textsTokenized(bytes: 65_536, tokens: 32_768) }
    #expect(abs(model.tokensPerByte - 0.5) < 0.001)
    #expect(model.tokens(bytes: 100, specialTokens: 2, limit: 256) == 52)
    #expect(model.tokens(bytes: 1_000_000, specialTokens: 2, limit: 256) == 256)
    #expect(model.tokens(bytes: 0, specialTokens: 0, limit: 256) == 1)
  }
}
