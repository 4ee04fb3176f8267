/// Measured values, for medians and percentiles.
package struct Percentiles: Sendable, Equatable {
  private let sorted: [Double]

  /// Takes the values in any order.
  package init(_ values: [Double]) {
    sorted = values.sorted()
  }

  /// The nearest-rank percentile: the least value that at least `percent` of 100 values do not
  /// exceed. Nil when there are no values; `percent` is 0…100.
  package subscript(_ percent: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
    return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
  }

  /// The middle value; of an even count the mean of the middle two. Nil when there are none.
  package var median: Double? {
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The least value.
  package var min: Double? { sorted.first }

  /// The largest value.
  package var max: Double? { sorted.last }

  private func min(_ one: Int, _ other: Int) -> Int { one < other ? one : other }

  private func max(_ one: Int, _ other: Int) -> Int { one > other ? one : other }
}
