package import Wire

/// Predicts compute time from bytes of text, for one model: bytes to tokens to time, with the part
/// that grows with the square of a text's length.
///
/// The three figures are learned: workers report what they learned, and every answered piece moves
/// the scale of the prediction. What a worker needs more or less than the model's figure is its own
/// slowness, kept with the worker.
package struct CostModel: Sendable, Equatable {
  /// Until a worker has said: a small encoder on one core.
  private static let tokenNanosecondsAtFirst = 100_000.0
  private static let tokensPerByteAtFirst = 0.3
  /// Special tokens of an input.
  private static let tokensPerInput = 2.0
  /// Nanoseconds of an hour, of one input: what peers report may be anything, and costs are summed.
  static let costMax = 3.6e12
  /// How much one report moves a figure that is known.
  private static let weight = 0.05

  private var tokenNanoseconds = CostModel.tokenNanosecondsAtFirst
  private var squaredTokenNanoseconds = 0.0
  private var tokensPerByte = CostModel.tokensPerByteAtFirst
  /// Longer inputs are cut, or refused for little.
  private var tokensMax = Double.infinity
  private var reports = 0
  private var scale = 1.0
  private var answers = 0

  package init() {}

  /// Whether a worker has told or shown anything: before, a prediction decides nothing.
  package var isLearned: Bool { reports + answers > 0 }

  /// Nanoseconds of one compute thread for an input of that many bytes.
  package func cost(byteCount: Int) -> Int64 {
    let tokens = min(Double(byteCount) * tokensPerByte + Self.tokensPerInput, tokensMax)
    let cost = tokens * (tokenNanoseconds + tokens * squaredTokenNanoseconds) * scale
    return Int64(min(max(1, cost), Self.costMax))
  }

  /// Nanoseconds for that many inputs of that many bytes together, taken as equally long.
  package func cost(byteCount: Int, inputCount: Int) -> Int64 {
    let count = max(1, inputCount)
    return Int64(min(Double(cost(byteCount: byteCount / count)) * Double(count), Self.costMax))
  }

  /// The model's limit of tokens.
  package mutating func limit(tokens: Int) {
    if tokens > 0 { tokensMax = Double(tokens) }
  }

  /// Takes in what a worker learned.
  package mutating func reported(_ load: LoadReport) {
    guard load.tokenNanoseconds > 0, load.tokensPerKilobyte > 0 else { return }
    reports += 1
    scale = 1
    let weight = max(Self.weight, 1 / Double(reports))
    let figures = (
      Double(min(load.tokenNanoseconds, 1 << 40)),
      Double(min(load.tokenSquaredPicoseconds, 1 << 50)) / 1_000,
      Double(load.tokensPerKilobyte) / 1_000
    )
    tokenNanoseconds += (figures.0 - tokenNanoseconds) * weight
    squaredTokenNanoseconds += (figures.1 - squaredTokenNanoseconds) * weight
    tokensPerByte += (figures.2 - tokensPerByte) * weight
  }

  /// Nanoseconds for a text of usual length: predictions made at different times are compared by it.
  package var unit: Double {
    let tokens = min(500 * tokensPerByte + Self.tokensPerInput, tokensMax)
    return tokens * (tokenNanoseconds + tokens * squaredTokenNanoseconds) * scale
  }

  /// Takes in an answered piece of a worker that tells nothing of what it learned.
  ///
  /// - Parameter predicted: as it would be predicted now.
  package mutating func answered(predicted: Int64, actual: Int64) {
    guard reports == 0, predicted > 0, actual > 0 else { return }
    answers += 1
    let observed = Double(actual) / Double(predicted)
    scale *= 1 + (min(max(observed, 0.01), 100) - 1) * max(0.125, 1 / Double(answers))
    scale = min(max(scale, 1e-3), 1e3)
  }
}
