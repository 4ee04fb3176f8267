/// Predicts what an input costs one compute thread: `tokens · a + tokens² · b` nanoseconds.
///
/// The warm-up measures a and b; batches then scale both, and texts teach how many tokens a byte
/// makes. A value: the engine keeps one behind its lock.
package struct CostModel: Sendable, Equatable {
  /// Nanoseconds for each token: the products with the weights.
  package private(set) var nanosecondsPerToken: Double
  /// Nanoseconds for each squared token: attention.
  package private(set) var nanosecondsPerSquaredToken: Double
  /// Tokens for each byte of text, special tokens left out.
  package private(set) var tokensPerByte: Double

  /// The share that a batch of full size has in the moving average.
  private static let batchWeight = 0.1
  /// A single batch moves the average by no more than this factor: a thread that was descheduled
  /// says nothing about the model.
  private static let ratioLimit = 4.0
  /// Bytes of text that count as much as all that was seen before.
  private static let bytesOfMemory = 65_536.0

  /// A prior for a model that was not measured yet.
  package init(
    nanosecondsPerToken: Double = 50_000, nanosecondsPerSquaredToken: Double = 20,
    tokensPerByte: Double = 0.25
  ) {
    self.nanosecondsPerToken = nanosecondsPerToken
    self.nanosecondsPerSquaredToken = nanosecondsPerSquaredToken
    self.tokensPerByte = tokensPerByte
  }

  /// The model through two measured single inputs, short and long. Where noise would make a term
  /// negative, it is 0 and the other one carries all.
  package init(
    shortTokens: Int, shortNanoseconds: UInt64, longTokens: Int, longNanoseconds: UInt64,
    tokensPerByte: Double = 0.25
  ) {
    let (short, long) = (Double(max(1, shortTokens)), Double(max(1, longTokens)))
    let (shortRate, longRate) = (
      Double(max(1, shortNanoseconds)) / short, Double(max(1, longNanoseconds)) / long
    )
    // Time per token is a + b·tokens: a line through two points.
    let slope = long > short ? max(0, (longRate - shortRate) / (long - short)) : 0
    self.init(
      nanosecondsPerToken: max(longRate - slope * long, longRate * 0.1),
      nanosecondsPerSquaredToken: slope, tokensPerByte: tokensPerByte)
  }

  /// Predicted nanoseconds of one input of `tokens` tokens; at least 1.
  package func cost(tokens: Int) -> UInt64 {
    let count = Double(max(0, tokens))
    let cost = count * (nanosecondsPerToken + count * nanosecondsPerSquaredToken)
    return UInt64(min(max(1, cost), 1e15))
  }

  /// Predicted tokens of a text of `bytes` bytes that gets `specialTokens` and is cut or refused
  /// above `limit`.
  package func tokens(bytes: Int, specialTokens: Int, limit: Int) -> Int {
    let predicted = Double(max(0, bytes)) * tokensPerByte + Double(specialTokens)
    return max(1, min(limit, Int(min(predicted, 1e12).rounded(.up))))
  }

  /// Learns from a batch whose predicted cost was `predicted` and that took `measured` nanoseconds.
  /// Batches below `fullBatch` nanoseconds count for less: their fixed costs do not scale.
  package mutating func batchMeasured(predicted: UInt64, measured: UInt64, fullBatch: UInt64) {
    guard predicted > 0, measured > 0, fullBatch > 0 else { return }
    let ratio = Double(measured) / Double(predicted)
    let held = min(max(ratio, 1 / Self.ratioLimit), Self.ratioLimit)
    let weight = Self.batchWeight * min(1, Double(predicted) / Double(fullBatch))
    let factor = 1 + weight * (held - 1)
    nanosecondsPerToken *= factor
    nanosecondsPerSquaredToken *= factor
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
