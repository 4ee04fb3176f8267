internal import CKernels

/// Rotary positions: in each head, pairs of columns half the turned width apart are turned by an
/// angle that grows with the position.
///
/// Frequencies and angles are rounded to f32 where transformers rounds them, so that long inputs
/// agree. The tables are made by `DeterministicMath`.
package struct Rotary: Sendable {
  /// What makes the frequencies of long inputs lower.
  package enum Scaling: Sendable, Equatable {
    /// Nothing.
    case none
    /// All are divided by a factor.
    case linear(factor: Float)
    /// Llama 3: those with a long wave are divided, in between it is blended.
    case llama3(factor: Float, low: Float, high: Float, originalPositions: Int)
  }

  /// Positions that the table has.
  package let positionCount: Int
  /// Columns of a head that are turned, from the first on.
  package let width: Int
  // [positionCount, width / 2] each.
  private let cosines: [Float]
  private let sines: [Float]
  private let table: KernelTable

  /// A table for `positionCount` positions of heads of which `width` columns (even) are turned,
  /// the first pair by one radian a token, the last by nearly 1/base.
  package init(
    width: Int, base: Float, scaling: Scaling, positionCount: Int, table: KernelTable
  ) {
    precondition(width > 0 && width % 2 == 0 && positionCount > 0 && base > 0)
    self.width = width
    self.positionCount = positionCount
    self.table = table
    let frequencies = Self.frequencies(width: width, base: base, scaling: scaling)
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positionCount * frequencies.count)
    sines.reserveCapacity(positionCount * frequencies.count)
    for position in 0..<positionCount {
      for frequency in frequencies {
        let (cos, sin) = DeterministicMath.cosSin(Double(Float(position) * frequency))
        cosines.append(Float(cos))
        sines.append(Float(sin))
      }
    }
    self.cosines = cosines
    self.sines = sines
  }

  private static func frequencies(width: Int, base: Float, scaling: Scaling) -> [Float] {
    (0..<width / 2).map { index in
      let exponent = Float(2 * index) / Float(width)
      let frequency = 1 / Float(DeterministicMath.pow(Double(base), Double(exponent)))
      switch scaling {
      case .none: return frequency
      case .linear(let factor): return frequency / factor
      case .llama3(let factor, let low, let high, let originalPositions):
        let original = Float(originalPositions)
        let wave = 2 * Float.pi / frequency
        if wave < original / high { return frequency }
        if wave > original / low { return frequency / factor }
        let share = (original / wave - low) / (high - low)
        return (1 - share) * frequency / factor + share * frequency
      }
    }
  }

  /// Turns `headCount` heads of `headSize` columns that lie side by side from `column` on in the
  /// rows of one input, `rows` of `matrix`; the first row has position 0.
  package func apply(
    _ matrix: inout Matrix, rows: Range<Int>, column: Int, headCount: Int, headSize: Int
  ) {
    matrix.check(rows)
    precondition(rows.count <= positionCount && headSize >= width)
    precondition(column >= 0 && column + headCount * headSize <= matrix.columns)
    let half = width / 2
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        guard let cos = cosines.baseAddress, let sin = sines.baseAddress else { return }
        for (position, row) in rows.enumerated() {
          table.functions.pointee.rotate(
            matrix.start(ofRow: row) + column, headSize, cos + position * half,
            sin + position * half, headCount, half)
        }
      }
    }
  }
}
