internal import Glibc

/// The owner of a matrix of f32, row-major without gaps, aligned to 64 bytes or better.
///
/// Memory comes zeroed from the system a page at a time as it is touched: room for the longest
/// batch costs nothing until a batch is that long.
package struct Matrix: ~Copyable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns; also the distance between rows in elements.
  package let columns: Int
  private let byteCount: Int
  let base: UnsafeMutablePointer<Float>

  /// A matrix of zeros. Both sizes must be positive. Throws `.outOfMemory`.
  package init(rows: Int, columns: Int) throws(KernelsError) {
    precondition(rows > 0 && columns > 0, "a matrix has at least one row and one column")
    let (count, countOverflow) = rows.multipliedReportingOverflow(by: columns)
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    let failure = KernelsError(
      .outOfMemory, "no memory for a matrix of \(rows) × \(columns) float32")
    guard !countOverflow, !overflow else { throw failure }
    let address = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    // MAP_FAILED is a cast that Swift does not import.
    guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else { throw failure }
    self.rows = rows
    self.columns = columns
    self.byteCount = byteCount
    base = address.bindMemory(to: Float.self, capacity: count)
  }

  deinit {
    munmap(base, byteCount)
  }

  /// All elements, row by row.
  package var values: Span<Float> {
    @_lifetime(borrow self)
    get {
      let span = Span(_unsafeStart: base, count: rows * columns)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// All elements, row by row, for writing.
  package var mutableValues: MutableSpan<Float> {
    @_lifetime(&self)
    mutating get {
      let span = MutableSpan(_unsafeStart: base, count: rows * columns)
      return _overrideLifetime(span, mutating: &self)
    }
  }

  /// One row of `columns` elements.
  @_lifetime(borrow self)
  package func row(_ index: Int) -> Span<Float> {
    precondition(index >= 0 && index < rows)
    let span = Span(_unsafeStart: base + index * columns, count: columns)
    return _overrideLifetime(span, borrowing: self)
  }

  /// Start of a row; `index` may be `rows` for an empty range at the end.
  func start(ofRow index: Int) -> UnsafeMutablePointer<Float> {
    base + index * columns
  }

  /// Traps unless `range` lies in the matrix: the shape check of every operation.
  func check(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of a matrix of \(rows)")
  }
}
