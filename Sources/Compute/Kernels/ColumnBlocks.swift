/// The output columns of a product with 16-bit weights, cut into blocks whose weights are widened
/// together.
///
/// With OpenBLAS a column of a product has the same bits whatever other columns are computed with
/// it, as long as each call has enough of them and begins at a whole group of those that its
/// kernels compute at once: so blocks begin at multiples of 64 and have at least 128 columns,
/// where the product has.
struct ColumnBlocks: Sequence, IteratorProtocol {
  /// More than the 48 columns that the widest kernel of OpenBLAS takes at once, and a multiple of
  /// the 16 or 8 by which it cuts larger ones.
  static let step = 64
  /// Keeps a block clear of the kernels for small products; see `BLAS.rowsMin`.
  static let columnsMin = 128

  private let columns: Int
  private let width: Int
  private var nextColumn = 0

  /// Blocks of `columns` columns by `inner` weights each, at most about `elementsMax` weights in
  /// one: a block has up to 127 columns more, and always 128 where there are.
  init(columns: Int, inner: Int, elementsMax: Int) {
    self.columns = columns
    width = Swift.max(Self.columnsMin, elementsMax / inner / Self.step * Self.step)
  }

  /// Weights of the largest block.
  static func largest(columns: Int, inner: Int, elementsMax: Int) -> Int {
    let blocks = ColumnBlocks(columns: columns, inner: inner, elementsMax: elementsMax)
    return (blocks.map(\.count).max() ?? 0) * inner
  }

  /// The next block, or nil at the end.
  mutating func next() -> Range<Int>? {
    guard nextColumn < columns else { return nil }
    let start = nextColumn
    nextColumn = columns - start < width + Self.columnsMin ? columns : start + width
    return start..<nextColumn
  }
}
