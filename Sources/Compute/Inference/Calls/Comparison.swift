/// How two outputs of several numbers are compared.
enum Comparison {
  /// The sum over the rows of `query` of the greatest product with a row of `document`, in row
  /// order; both without gaps. 0 where one has no rows; a product that is NaN stays in the sum.
  static func maxSim(
    _ query: ArraySlice<Float>, rows queryRows: Int, _ document: ArraySlice<Float>,
    rows documentRows: Int, model: any ServedModel
  ) -> Float {
    guard queryRows > 0, documentRows > 0 else { return 0 }
    let width = query.count / queryRows
    var sum: Float = 0
    for row in 0..<queryRows {
      let start = query.startIndex + row * width
      let own = query[start..<start + width]
      var best = -Float.infinity
      for other in 0..<documentRows {
        let start = document.startIndex + other * width
        let product = model.dot(own, document[start..<start + width])
        if !(product <= best), !best.isNaN { best = product }
      }
      sum += best
    }
    return sum
  }

  /// The sum of the products of weights that have the same id, in ascending order of ids.
  static func product(
    _ ids: [Int32], _ weights: [Float], _ otherIDs: [Int32], _ otherWeights: [Float]
  ) -> Float {
    var sum: Float = 0
    var other = 0
    for (id, weight) in zip(ids, weights) {
      while other < otherIDs.count, otherIDs[other] < id { other += 1 }
      guard other < otherIDs.count else { break }
      if otherIDs[other] == id { sum += weight * otherWeights[other] }
    }
    return sum
  }
}

extension [Float] {
  /// Calls `body` with each of `count` equally long rows in `range`.
  mutating func eachRow(
    _ range: Range<Int>, count: Int, _ body: (inout [Float], Range<Int>) -> Void
  ) {
    let width = range.count / Swift.max(1, count)
    for row in 0..<count {
      let start = range.lowerBound + row * width
      body(&self, start..<start + width)
    }
  }

  /// Cuts each of `count` rows in `range` to its first `width` floats; the rows move together at
  /// the beginning of the range, whose used part is given.
  mutating func cutRows(_ range: Range<Int>, count: Int, to width: Int) -> Range<Int> {
    let stride = range.count / Swift.max(1, count)
    guard width < stride else { return range }
    for row in 1..<Swift.max(1, count) {
      for column in 0..<width {
        self[range.lowerBound + row * width + column] =
          self[range.lowerBound + row * stride + column]
      }
    }
    return range.lowerBound..<range.lowerBound + count * width
  }
}

extension BatchOutput {
  /// Whether all ranges lie in the values, and rows divide them.
  var isWithinBounds: Bool {
    units.allSatisfy { unit in
      guard case .rows(let range, let count) = unit else { return true }
      return range.lowerBound >= 0 && range.upperBound <= values.count && count >= 0
        && (count == 0 ? range.isEmpty : range.count % count == 0)
    }
  }
}
