internal import CKernels

/// Working memory of the operations for one thread: never shared between threads.
///
/// Holds a tile of rows prepared for a product and one tile of attention. Bytes at most: 6 · 144 ·
/// widest input + 4 · (keys · headSize + 90 · keys + (keys + 60) · distance vectors), where `keys`
/// is the longest sequence rounded up to 16; MiniLM with 256 tokens: 1.5 MB. Pages that no batch
/// has needed yet are not resident.
package final class Scratch {
  /// The largest things that operations on a scratch may be asked to do.
  package struct Limits: Sendable, Equatable {
    /// Columns of the widest input of a product.
    package var inColumnsMax: Int
    /// Tokens of the longest sequence.
    package var sequenceLengthMax: Int
    /// Columns of one attention head.
    package var headSize: Int
    /// Columns of products with distance vectors, rounded up to 16; 0 without any.
    package var distanceVectorCount: Int

    package init(
      inColumnsMax: Int, sequenceLengthMax: Int, headSize: Int, distanceVectorCount: Int = 0
    ) {
      self.inColumnsMax = inColumnsMax
      self.sequenceLengthMax = sequenceLengthMax
      self.headSize = headSize
      self.distanceVectorCount = Scratch.paddedKeyCount(distanceVectorCount)
    }
  }

  /// Query rows of one attention tile: its scores are the only memory that grows with the length
  /// of a sequence times something.
  static let queryTileRows = 60
  /// Scores of a tile are about so many at most, 32 KiB, so that the nearest cache holds them.
  private static let tileScoresMax = 8_192
  /// Query rows of a tile before so many keys: a multiple of those of a product.
  static func queryTileRows(keyCount: Int) -> Int {
    max(12, min(queryTileRows, tileScoresMax / max(1, keyCount) / 6 * 6))
  }

  package let limits: Limits
  /// Those that compute with this thread; nil for none.
  package var team: Team?
  /// Asked between layers: what it does there delays the batch, and with false the batch is given
  /// up. Nil: nothing to ask.
  package var checkpoint: (() -> Bool)?
  /// Called in the midst of long work, every few milliseconds, by the thread that this is the scratch
  /// of: also where it assists another. Nil: nobody asks whether it moves.
  package var pulse: (() -> Void)?
  /// Rows as bf16 or 8-bit codes, at most `Linear.tileRows` of them.
  private var prepared: Matrix
  /// Of the rows in `prepared`.
  private let scales: FixedBuffer<Float>
  private let zeros: FixedBuffer<Float>
  /// What lies between two products, `[tileRows, inColumnsMax]` in f32 or bf16.
  private var betweenProducts: Matrix
  /// Keys of one head, transposed: `[headSize, keys]`.
  var keys: Matrix
  /// Scores of one tile: `[queryTileRows, keys]`.
  var scores: Matrix

  /// Queries and weights of one tile in bf16: `[queryTileRows, headSize]`, `[queryTileRows, keys]`.
  var halves: Matrix

  /// What the weights of each query are multiplied with, `[queryTileRows]`.
  let shares: FixedBuffer<Float>

  /// Queries of one tile times distance vectors, `[queryTileRows, distanceVectorCount]`.
  var queryDistances: Matrix
  /// Keys of one head times distance vectors, `[keys, distanceVectorCount]`.
  var keyDistances: Matrix

  /// Memory for these limits, all but the last positive. Throws `.outOfMemory`.
  package init(_ limits: Limits) throws(KernelsError) {
    self.limits = limits
    let keyCount = Self.paddedKeyCount(limits.sequenceLengthMax)
    prepared = try Matrix(rows: Linear.tileRows, columns: (limits.inColumnsMax + 3) / 4 * 2)
    scales = FixedBuffer(count: Linear.tileRows)
    zeros = FixedBuffer(count: Linear.tileRows)
    betweenProducts = try Matrix(rows: Linear.tileRows, columns: limits.inColumnsMax + 1)
    keys = try Matrix(rows: limits.headSize, columns: keyCount)
    scores = try Matrix(rows: Self.queryTileRows, columns: keyCount)
    halves = try Matrix(rows: Self.queryTileRows, columns: (keyCount + limits.headSize + 1) / 2)
    shares = FixedBuffer(count: Self.queryTileRows)
    let distances = max(limits.distanceVectorCount, 1)
    queryDistances = try Matrix(rows: Self.queryTileRows, columns: distances)
    keyDistances = try Matrix(rows: keyCount, columns: distances)
  }

  /// Calls `body` with 0..<count, each once, here or on threads of the team, and with the scratch of
  /// the thread that it runs on.
  func share(_ count: Int, _ body: @escaping (Int, Scratch) -> Void) {
    if let team {
      team.run(count, self, body)
    } else {
      for part in 0..<count { body(part, self) }
    }
  }

  /// Between two parts of long work: before every tile but the first.
  package func beat() { pulse?() }

  /// A sequence length rounded up to whole vectors, so that scores need no masks.
  static func paddedKeyCount(_ sequenceLength: Int) -> Int {
    (sequenceLength + 15) / 16 * 16
  }

  /// Room for rows `[rows, columns]` without gaps between two products.
  func between(_ rows: Int, columns: Int) -> UnsafeMutablePointer<Float> {
    precondition(rows <= Linear.tileRows && columns <= limits.inColumnsMax)
    return betweenProducts.base
  }

  /// The same for rows in bf16, as a product takes them: what fills up an odd number of columns is
  /// zero.
  func halfRows(_ rows: Int, columns: Int) -> ck_rows {
    let stride = (columns + 1) / 2 * 2
    let halves = UnsafeMutableRawPointer(between(rows, columns: columns))
      .assumingMemoryBound(to: UInt16.self)
    if stride > columns { for row in 0..<rows { halves[row * stride + columns] = 0 } }
    return ck_rows(values: halves, stride: stride, scales: nil, zeros: nil, count: rows)
  }

  /// Rows `[rows, columns]` without gaps as a product with weights in `storage` takes them; valid
  /// until the next call. At most `Linear.tileRows` rows.
  func prepare(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, for storage: PackedShape.Storage,
    _ table: KernelTable
  ) -> ck_rows {
    precondition(rows <= Linear.tileRows && columns <= limits.inColumnsMax)
    let target = UnsafeMutableRawPointer(prepared.base)
    switch storage {
    case .f32, .f16, .bf16:
      return ck_rows(values: x, stride: columns, scales: nil, zeros: nil, count: rows)
    case .bf16Pairs:
      let stride = (columns + 1) / 2 * 2
      table.functions.pointee.f32_to_bf16(
        target.assumingMemoryBound(to: UInt16.self), stride, x, columns, rows, columns)
      return ck_rows(values: target, stride: stride, scales: nil, zeros: nil, count: rows)
    case .int8:
      let stride = (columns + 3) / 4 * 4
      table.functions.pointee.quantize(
        target.assumingMemoryBound(to: UInt8.self), stride, scales.base, zeros.base, x, columns,
        rows, columns)
      return ck_rows(
        values: target, stride: stride, scales: scales.base, zeros: zeros.base, count: rows)
    }
  }
}

/// Memory that stays where it is.
final class FixedBuffer<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>

  init(count: Int) { base = .allocate(capacity: count) }
  deinit { base.deallocate() }
}
