/// Predicts processor time of one thread: an input of n tokens costs `n · a + n² · b` nanoseconds,
/// and a batch its inputs and a fixed part (a matrix library that packs the weights anew for each
/// product spends milliseconds on it).
///
/// The warm-up measures all three; batches then correct them, and texts teach how many tokens a
/// byte makes. Processor time, because it does not change when other programs run; how much longer
/// it takes by the clock is learned beside it. A value: the engine keeps one behind its lock.
package struct CostModel: Sendable, Equatable {
  /// Nanoseconds for each token: the products with the weights.
  package private(set) var nanosecondsPerToken: Double
  /// Nanoseconds for each squared token of an input: attention.
  package private(set) var nanosecondsPerSquaredToken: Double
  /// Nanoseconds for each batch, whatever is in it.
  package private(set) var nanosecondsPerBatch: Double
  /// Nanoseconds by the clock for each of processor time: 1 on a processor of one's own.
  package private(set) var slowdown = 1.0
  /// Tokens for each byte of text, special tokens left out.
  package private(set) var tokensPerByte: Double

  /// The share of a batch's error that it corrects.
  private static let learningRate = 0.1
  /// A batch counts as no more than this many times longer or shorter than predicted, and its
  /// slowdown as no more than this many times the usual one.
  private static let ratioLimit = 4.0
  /// No prediction is longer, 1,000 seconds, so that sums over all inputs that fit in memory cannot
  /// overflow.
  private static let costMax = 1e12
  /// Bytes of text that count as much as all that was seen before.
  private static let bytesOfMemory = 65_536.0

  /// A prior for a model that was not measured yet.
  package init(
    nanosecondsPerToken: Double = 50_000, nanosecondsPerSquaredToken: Double = 20,
    nanosecondsPerBatch: Double = 0, tokensPerByte: Double = 0.25
  ) {
    self.nanosecondsPerToken = nanosecondsPerToken
    self.nanosecondsPerSquaredToken = nanosecondsPerSquaredToken
    self.nanosecondsPerBatch = nanosecondsPerBatch
    self.tokensPerByte = tokensPerByte
  }

  /// The model through three measured batches. Where noise would make a term negative, it is 0.
  package init(_ measured: CostMeasurement, tokensPerByte: Double = 0.25) {
    let unit = Double(max(1, measured.shortTokens))
    let few = Double(max(1, measured.shortNanoseconds))
    let units = Double(max(1, measured.shortCount))
    let many = Double(max(1, measured.manyShortNanoseconds))
    // Short inputs, one and many: what grows is tokens, what does not is the batch.
    let growth = units > 1 ? (many - few) / (units - 1) : few
    let perUnit = min(many / units, max(growth, many / units * 0.1))
    let perToken = perUnit / unit
    let perBatch = max(0, few - perUnit)
    let tokens = Double(max(1, measured.longTokens))
    let attention = Double(measured.longNanoseconds) - perBatch - tokens * perToken
    self.init(
      nanosecondsPerToken: perToken,
      nanosecondsPerSquaredToken: max(0, attention / (tokens * tokens)),
      nanosecondsPerBatch: perBatch, tokensPerByte: tokensPerByte)
  }

  /// Predicted nanoseconds of one input of `tokens` tokens, without its batch; at least 1.
  package func cost(tokens: Int) -> UInt64 {
    let count = Double(max(0, tokens))
    let cost = count * (nanosecondsPerToken + count * nanosecondsPerSquaredToken)
    return UInt64(min(max(1, cost), Self.costMax))
  }

  /// Predicted nanoseconds of a batch beyond those of its inputs.
  package var batchCost: UInt64 { UInt64(min(max(0, nanosecondsPerBatch), Self.costMax)) }

  /// Predicted tokens of a text of `bytes` bytes that gets `specialTokens` and is cut or refused
  /// above `limit`.
  package func tokens(bytes: Int, specialTokens: Int, limit: Int) -> Int {
    let predicted = Double(max(0, bytes)) * tokensPerByte + Double(specialTokens)
    return max(1, min(limit, Int(min(predicted, 1e12).rounded(.up))))
  }

  /// Learns from a batch whose inputs were predicted to cost `inputs` nanoseconds, and that took
  /// `measured` of processor time and `elapsed` by the clock: a normalised step of least squares on
  /// the two parts, so that each takes the share of the error that it may have caused.
  package mutating func batchMeasured(inputs: UInt64, measured: UInt64, elapsed: UInt64) {
    guard inputs > 0, measured > 0 else { return }
    let ratio = min(max(1, Double(elapsed) / Double(measured)), Self.ratioLimit * slowdown)
    slowdown += Self.learningRate * (ratio - slowdown)
    let (variable, fixed) = (Double(inputs), nanosecondsPerBatch)
    let predicted = variable + fixed
    let held = min(
      max(Double(measured), predicted / Self.ratioLimit), predicted * Self.ratioLimit)
    let step = Self.learningRate * (held - predicted) / (variable * variable + fixed * fixed)
    let factor = max(0.5, 1 + step * variable)
    nanosecondsPerToken *= factor
    nanosecondsPerSquaredToken *= factor
    nanosecondsPerBatch *= max(0.5, 1 + step * fixed)
  }

  /// Learns from texts of `bytes` bytes, read to their end, that made `tokens` tokens without
  /// special ones.
  package mutating func textsTokenized(bytes: Int, tokens: Int) {
    guard bytes > 0, tokens >= 0 else { return }
    let weight = Double(bytes) / (Double(bytes) + Self.bytesOfMemory)
    let seen = Double(tokens) / Double(bytes)
    tokensPerByte = max(0.001, tokensPerByte + weight * (seen - tokensPerByte))
  }
}

/// Times of three batches, from which a cost model starts: one short input, several of it, and one
/// long input.
package struct CostMeasurement: Sendable, Equatable {
  /// Tokens of a short input.
  package var shortTokens: Int
  /// Time of a batch of one short input.
  package var shortNanoseconds: UInt64
  /// Short inputs in the second batch; 1 tells nothing about the fixed part.
  package var shortCount: Int
  /// Time of that batch.
  package var manyShortNanoseconds: UInt64
  /// Tokens of the long input.
  package var longTokens: Int
  /// Time of a batch of one long input.
  package var longNanoseconds: UInt64

  /// Three measured batches.
  package init(
    shortTokens: Int, shortNanoseconds: UInt64, shortCount: Int, manyShortNanoseconds: UInt64,
    longTokens: Int, longNanoseconds: UInt64
  ) {
    self.shortTokens = shortTokens
    self.shortNanoseconds = shortNanoseconds
    self.shortCount = shortCount
    self.manyShortNanoseconds = manyShortNanoseconds
    self.longTokens = longTokens
    self.longNanoseconds = longNanoseconds
  }
}
