/// How many observations fell between fixed bounds, with their sum. Observing costs a few
/// comparisons and does not allocate.
package struct Histogram: Sendable, Equatable {
  package let bounds: HistogramBounds
  /// Observations at most each bound and above the one before, and at the end those above the last.
  package private(set) var counts: [UInt64]
  /// Of all observations.
  package private(set) var sum = 0.0

  /// Without observations.
  package init(_ bounds: HistogramBounds = .latency) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.upper.count + 1)
  }

  /// What somebody else has counted: a count for each bound and one for what is above the last.
  /// Counts that are missing are 0, those too many belong to the last.
  package init(_ bounds: HistogramBounds, counts given: [UInt64], sum: Double) {
    self.init(bounds)
    for (index, count) in given.enumerated() { counts[min(index, counts.count - 1)] += count }
    self.sum = sum
  }

  /// All observations.
  package var count: UInt64 { counts.reduce(0, +) }

  /// Counts a value, in the unit of the bounds. What is below 0 counts as 0; NaN is left out.
  package mutating func observe(_ value: Double) {
    guard !value.isNaN else { return }
    let value = max(0, value)
    counts[bounds.index(of: value)] += 1
    sum += value
  }

  /// Adds what another histogram with the same bounds has counted.
  package mutating func add(_ other: Histogram) {
    precondition(bounds == other.bounds, "histograms of different bounds")
    for index in counts.indices { counts[index] += other.counts[index] }
    sum += other.sum
  }
}

/// The bounds of a histogram: each belongs to the bucket below it.
package struct HistogramBounds: Sendable, Equatable {
  /// Ascending and finite; at least one.
  package let upper: [Double]

  /// Bounds of one's own.
  package init(_ upper: [Double]) {
    precondition(!upper.isEmpty && zip(upper, upper.dropFirst()).allSatisfy { $0 < $1 })
    self.upper = upper
  }

  /// Seconds, from half a millisecond to a minute.
  package static let latency = HistogramBounds([
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ])

  /// Powers of two from 1 to 131,072: tokens, or inputs.
  package static let tokens = HistogramBounds((0...17).map { Double(1 << $0) })

  /// Powers of two from 1 to 512: inputs of a batch.
  package static let inputs = HistogramBounds((0...9).map { Double(1 << $0) })

  /// The first bound that is not below a value, or `upper.count`.
  func index(of value: Double) -> Int {
    var low = 0
    var high = upper.count
    while low < high {
      let middle = (low + high) / 2
      if upper[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
