import Inference
import Testing

@Suite("Cost model")
struct CostModelTests {
  @Test("three measured batches give their three terms back")
  func measured() {
    // 3 ms a batch, 50 µs a token, 100 ns a squared token.
    let model = CostModel(
      CostMeasurement(
        shortTokens: 16, shortNanoseconds: 3_000_000 + 800_000, shortCount: 8,
        manyShortNanoseconds: 3_000_000 + 8 * 800_000, longTokens: 256,
        longNanoseconds: 3_000_000 + 256 * 50_000 + 65_536 * 100))
    #expect(abs(model.nanosecondsPerToken - 50_000) < 1)
    #expect(abs(model.nanosecondsPerSquaredToken - 100) < 1e-6)
    #expect(abs(model.nanosecondsPerBatch - 3_000_000) < 1)
    #expect(model.batchCost == 3_000_000)
    #expect(model.cost(tokens: 16) == 825_600)
  }

  @Test("noise in the measurements gives no negative term")
  func noisy() {
    let model = CostModel(
      CostMeasurement(
        shortTokens: 16, shortNanoseconds: 9_000_000, shortCount: 8,
        manyShortNanoseconds: 8_000_000, longTokens: 256, longNanoseconds: 1_000_000))
    #expect(model.nanosecondsPerToken > 0)
    #expect(model.nanosecondsPerSquaredToken == 0)
    #expect(model.nanosecondsPerBatch >= 0)
  }

  @Test("batches that take twice as long as predicted pull the prediction up to twice")
  func learnsFromBatches() {
    var model = CostModel(
      nanosecondsPerToken: 10_000, nanosecondsPerSquaredToken: 10, nanosecondsPerBatch: 100_000)
    for round in 0..<2_000 {
      let tokens = round % 2 == 0 ? 10 : 300
      let truth = 200_000 + 20_000 * UInt64(tokens) + 20 * UInt64(tokens * tokens)
      model.batchMeasured(
        inputs: model.cost(tokens: tokens), measured: truth, elapsed: 3 * truth)
    }
    #expect(abs(model.nanosecondsPerToken / 20_000 - 1) < 0.02)
    #expect(abs(model.nanosecondsPerSquaredToken / 20 - 1) < 0.02)
    #expect(abs(model.nanosecondsPerBatch / 200_000 - 1) < 0.1)
    #expect(abs(model.slowdown - 3) < 0.01)
  }

  @Test("one strange batch moves the prediction by a bounded factor")
  func outlier() {
    var model = CostModel(nanosecondsPerToken: 10_000, nanosecondsPerSquaredToken: 0)
    model.batchMeasured(
      inputs: 1_000_000, measured: 1_000_000_000, elapsed: 1_000_000_000_000)
    #expect(model.slowdown <= 1.31)
    #expect(model.nanosecondsPerToken <= 13_001)
    model.batchMeasured(inputs: 0, measured: 5, elapsed: 5)
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
