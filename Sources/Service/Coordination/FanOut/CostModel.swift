package import Wire

/// Predicts compute time from bytes of text, for one model: learned from what workers report.
///
/// The first answers weigh most; later ones move the estimate by an eighth each, so that a change
/// in the texts or the machine shows within a few dozen pieces.
package struct CostModel: Sendable, Equatable {
  /// Until a worker has answered: a small encoder on one core.
  private static let nanosecondsPerByteAtFirst = 30_000.0
  /// What an input costs beside its bytes: two special tokens are about eight bytes.
  private static let bytesPerInput = 8.0
  /// Nanoseconds of an hour: what peers report may be anything, and costs are summed.
  private static let costMax = 3.6e12

  private var nanosecondsPerByte = CostModel.nanosecondsPerByteAtFirst
  private var observations = 0

  package init() {}

  /// Nanoseconds of one compute thread for an input of that many bytes.
  package func cost(byteCount: Int) -> Int64 {
    Int64(min((Double(byteCount) + Self.bytesPerInput) * nanosecondsPerByte, Self.costMax))
  }

  /// Takes in one answered piece.
  ///
  /// - Parameters:
  ///   - byteCount: UTF-8 bytes of the piece's texts.
  ///   - computeNanoseconds: what its inputs cost on one compute thread.
  package mutating func observe(byteCount: Int, inputCount: Int, computeNanoseconds: Int64) {
    let weightedBytes = Double(byteCount) + Double(inputCount) * Self.bytesPerInput
    guard weightedBytes > 0, computeNanoseconds > 0 else { return }
    let observed = Double(computeNanoseconds) / weightedBytes
    observations += 1
    let weight = max(1 / Double(observations), 0.125)
    nanosecondsPerByte += (observed - nanosecondsPerByte) * weight
  }

  /// Takes a worker's own learned costs before it has answered anything.
  package mutating func seed(from load: LoadReport) {
    guard observations == 0, load.tokenNanoseconds > 0, load.tokensPerKilobyte > 0 else { return }
    nanosecondsPerByte = Double(load.tokenNanoseconds) * Double(load.tokensPerKilobyte) / 1_000
  }
}
