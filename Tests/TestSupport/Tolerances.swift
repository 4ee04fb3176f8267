/// How far numbers may be from those expected, and why.
package enum Tolerance {
  /// A component of a unit vector against sentence-transformers in f32: about ten times the
  /// difference of that library's own batches (2.2e-7, `minilm/reference.json`).
  package static let embedding: Float = 2e-6

  /// A probability or a score against transformers in f32. Values of the small models come from
  /// logits of a few units; rounding moves those by some 1e-6, the sum of squares of three layers
  /// of another order of additions by 1e-5.
  package static let value: Float = 1e-4
}

/// The largest difference of two lists of numbers; infinite where their lengths differ, or where a
/// difference is no number.
package func difference(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  var largest: Float = 0
  for (a, b) in zip(first, second) {
    let distance = abs(a - b)
    guard distance.isFinite else { return .infinity }
    largest = max(largest, distance)
  }
  return largest
}

/// The largest difference of two lists of vectors; infinite where their shapes differ.
package func difference(_ first: [[Float]], _ second: [[Float]]) -> Float {
  guard first.count == second.count else { return .infinity }
  return zip(first, second).reduce(0) { max($0, difference($1.0, $1.1)) }
}

/// Whether two lists of numbers are the same bits: unlike `==`, 0 and -0 differ.
package func sameBits(_ first: [[Float]], _ second: [[Float]]) -> Bool {
  first.map { $0.map(\.bitPattern) } == second.map { $0.map(\.bitPattern) }
}
