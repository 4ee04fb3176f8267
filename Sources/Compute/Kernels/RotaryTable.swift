internal import CKernels

/// Cosines and sines of rotary positions, made when an input first needs them: never shared between
/// threads.
///
/// Bytes at most: 4 · positionCount · width, twice that where long inputs turn otherwise; a row is
/// resident once an input was that long.
package final class RotaryTable {
  /// Rows for inputs that turn alike.
  private struct Rows: ~Copyable {
    // [positionCount, width / 2] each.
    var cosines: Matrix
    var sines: Matrix
    var frequencies: [Float] = []
    /// Tokens of the input that the frequencies are for; only where they depend on it.
    var length = 0
    var filled = 0
  }

  private let rotary: Rotary
  private let positionCount: Int
  private let table: KernelTable
  private var usual: Rows
  private var stretched: Rows

  /// Room for inputs of up to `positionCount` tokens. Throws `.outOfMemory`.
  package init(
    _ rotary: Rotary, positionCount: Int, table: KernelTable
  ) throws(KernelsError) {
    self.rotary = rotary
    self.positionCount = positionCount
    self.table = table
    let half = rotary.width / 2
    let rows = rotary.isStretched(positionCount) ? positionCount : 1
    usual = Rows(
      cosines: try Matrix(rows: positionCount, columns: half),
      sines: try Matrix(rows: positionCount, columns: half))
    stretched = Rows(
      cosines: try Matrix(rows: rows, columns: half), sines: try Matrix(rows: rows, columns: half))
  }

  /// Turns `headCount` heads of `headSize` columns that lie side by side from `column` on in the
  /// rows of one input, `rows` of `matrix`; the first row has position 0.
  package func apply(
    _ matrix: inout Matrix, rows: Range<Int>, column: Int, headCount: Int, headSize: Int
  ) {
    matrix.check(rows)
    precondition(rows.count <= positionCount && headSize >= rotary.width)
    precondition(column >= 0 && column + headCount * headSize <= matrix.columns)
    guard !rows.isEmpty else { return }
    if rotary.isStretched(rows.count) {
      fill(&stretched, rows.count, perLength: dependsOnLength)
      turn(stretched, &matrix, rows, column, headCount, headSize)
    } else {
      fill(&usual, rows.count, perLength: false)
      turn(usual, &matrix, rows, column, headCount, headSize)
    }
  }

  private func fill(_ rows: inout Rows, _ count: Int, perLength: Bool) {
    if rows.frequencies.isEmpty || (perLength && rows.length != count) {
      rows.frequencies = rotary.frequencies(length: count)
      rows.length = count
      rows.filled = 0
    }
    let half = rotary.width / 2
    while rows.filled < count {
      let cosines = rows.cosines.start(ofRow: rows.filled)
      let sines = rows.sines.start(ofRow: rows.filled)
      for index in 0..<half {
        let angle = Float(rows.filled) * rows.frequencies[index]
        let (cos, sin) = DeterministicMath.cosSin(Double(angle))
        cosines[index] = Float(cos) * rotary.magnitude
        sines[index] = Float(sin) * rotary.magnitude
      }
      rows.filled += 1
    }
  }

  /// Whether the frequencies of stretched inputs differ with their length.
  private var dependsOnLength: Bool {
    if case .dynamic = rotary.scaling { true } else { false }
  }

  private func turn(
    _ angles: borrowing Rows, _ matrix: inout Matrix, _ rows: Range<Int>, _ column: Int,
    _ headCount: Int, _ headSize: Int
  ) {
    let half = rotary.width / 2
    for (position, row) in rows.enumerated() {
      table.functions.pointee.rotate(
        matrix.start(ofRow: row) + column, headSize, angles.cosines.start(ofRow: position),
        angles.sines.start(ofRow: position), headCount, half)
    }
  }
}
