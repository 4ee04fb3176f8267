/// Working memory of the operations for one thread: never shared between threads.
///
/// Holds the filled-up rows of small products, a block of widened weights, and one tile of
/// attention. Bytes at most: 4 · (paddedRows · (widest input + widest output) + widenedCount + keys ·
/// headSize + 64 · keys + (keys + 64) · distance vectors), where
/// `keys` is the longest sequence rounded up to 16; MiniLM with 256 tokens: 0.3 MB. Pages that no
/// batch has needed yet are not resident.
package final class Scratch {
  /// The largest things that operations on a scratch may be asked to do.
  package struct Limits: Sendable, Equatable {
    /// Columns of the widest input of a product.
    package var inColumnsMax: Int
    /// Columns of the widest output of a product.
    package var outColumnsMax: Int
    /// Columns of the narrowest output of a product.
    package var outColumnsMin: Int
    /// Tokens of the longest sequence.
    package var sequenceLengthMax: Int
    /// Columns of one attention head.
    package var headSize: Int
    /// Columns of products with distance vectors, rounded up to 16; 0 without any.
    package var distanceVectorCount: Int
    /// Floats of the largest `Linear.widenedCount`; 0 where all weights are f32.
    package var widenedCount: Int

    package init(
      inColumnsMax: Int, outColumnsMax: Int, outColumnsMin: Int, sequenceLengthMax: Int,
      headSize: Int, distanceVectorCount: Int = 0, widenedCount: Int
    ) {
      self.widenedCount = widenedCount
      self.distanceVectorCount = Scratch.paddedKeyCount(distanceVectorCount)
      self.inColumnsMax = inColumnsMax
      self.outColumnsMax = outColumnsMax
      self.outColumnsMin = outColumnsMin
      self.sequenceLengthMax = sequenceLengthMax
      self.headSize = headSize
    }
  }

  /// Query rows of one attention tile: its scores are the only memory that grows with the length
  /// of a sequence times something.
  static let queryTileRows = 64

  package let limits: Limits
  /// Input rows of a small product, `[padded rows, inColumnsMax]`.
  var paddedInput: Matrix
  /// Output rows of a small product, `[padded rows, outColumnsMax]`.
  var paddedOutput: Matrix
  /// A block of 16-bit weights as f32.
  var widened: Matrix
  /// Keys of one head, transposed: `[headSize, keys]`.
  var keys: Matrix
  /// Scores of one tile: `[queryTileRows, keys]`.
  var scores: Matrix

  /// Queries of one tile times distance vectors, `[queryTileRows, distanceVectorCount]`.
  var queryDistances: Matrix
  /// Keys of one head times distance vectors, `[keys, distanceVectorCount]`.
  var keyDistances: Matrix

  /// Memory for these limits, all but the last positive. Throws `.outOfMemory`.
  package init(_ limits: Limits) throws(KernelsError) {
    self.limits = limits
    let paddedRows = BLAS.rowsMin(columns: limits.outColumnsMin)
    let keyCount = Self.paddedKeyCount(limits.sequenceLengthMax)
    paddedInput = try Matrix(rows: paddedRows, columns: limits.inColumnsMax)
    paddedOutput = try Matrix(rows: paddedRows, columns: limits.outColumnsMax)
    widened = try Matrix(rows: 1, columns: max(limits.widenedCount, 1))
    keys = try Matrix(rows: limits.headSize, columns: keyCount)
    scores = try Matrix(rows: Self.queryTileRows, columns: keyCount)
    let distances = max(limits.distanceVectorCount, 1)
    queryDistances = try Matrix(rows: Self.queryTileRows, columns: distances)
    keyDistances = try Matrix(rows: keyCount, columns: distances)
  }

  /// A sequence length rounded up to whole vectors, so that scores need no masks.
  static func paddedKeyCount(_ sequenceLength: Int) -> Int {
    (sequenceLength + 15) / 16 * 16
  }
}
