internal import Glibc

/// Median and 99th percentile of what was observed in the last ten seconds.
///
/// Observations are counted in buckets whose bounds are 2 % apart, from a microsecond to 100
/// seconds, in a ring of ten slots of one second each: about 37 KB, whatever the load. Observing is
/// O(1) and does not allocate, but for clearing a slot once a second; reading merges the slots. An
/// answer is within 1 % of the true one; what is shorter or longer than the range counts as its end.
/// Time is passed in.
package struct RollingPercentiles: Sendable {
  /// What was observed lately.
  package struct Summary: Sendable, Equatable {
    /// Observations.
    package var count: UInt64
    /// Seconds, with the next; 0 where nothing was observed.
    package var median: Double
    package var p99: Double

    package init(count: UInt64, median: Double, p99: Double) {
      self.count = count
      self.median = median
      self.p99 = p99
    }
  }

  /// Seconds that are looked back, the one that runs included.
  package static let windowSeconds = 10
  /// Seconds.
  private static let least = 1e-6
  private static let greatest = 100.0
  private static let bucketsPerOctave = 1 / log2(1.02)
  private static let bucketCount = Int((log2(greatest / least) * bucketsPerOctave).rounded(.up))

  /// The slots' buckets, one slot after another.
  private var counts: [UInt32]
  /// The second that each slot is of; nil while it was never used.
  private var seconds: [UInt64?]

  /// Without observations.
  package init() {
    counts = Array(repeating: 0, count: Self.windowSeconds * Self.bucketCount)
    seconds = Array(repeating: nil, count: Self.windowSeconds)
  }

  /// Counts a duration in seconds at `now`, in nanoseconds of a clock that does not go back. What is
  /// older than the window, and NaN, is left out.
  package mutating func observe(_ duration: Double, now: UInt64) {
    guard !duration.isNaN else { return }
    let second = now / 1_000_000_000
    let slot = Int(second % UInt64(Self.windowSeconds))
    if seconds[slot] != second {
      if let other = seconds[slot], other > second { return }
      for index in Self.buckets(slot) { counts[index] = 0 }
      seconds[slot] = second
    }
    counts[slot * Self.bucketCount + Self.bucket(duration)] &+= 1
  }

  /// What was observed in the window that ends at `now`.
  package func summary(now: UInt64) -> Summary {
    let merged = merged(now: now)
    let count = merged.reduce(0, +)
    guard count > 0 else { return Summary(count: 0, median: 0, p99: 0) }
    return Summary(
      count: count, median: Self.value(at: 0.5, of: merged, count),
      p99: Self.value(at: 0.99, of: merged, count))
  }

  private func merged(now: UInt64) -> [UInt64] {
    let second = now / 1_000_000_000
    var merged = [UInt64](repeating: 0, count: Self.bucketCount)
    for slot in 0..<Self.windowSeconds {
      guard let own = seconds[slot], own <= second, second - own < UInt64(Self.windowSeconds) else {
        continue
      }
      for (bucket, index) in Self.buckets(slot).enumerated() {
        merged[bucket] += UInt64(counts[index])
      }
    }
    return merged
  }

  /// The middle of the bucket that holds the observation at a rank (nearest rank).
  private static func value(at share: Double, of merged: [UInt64], _ count: UInt64) -> Double {
    let rank = max(1, (share * Double(count)).rounded(.up))
    var seen: UInt64 = 0
    for (bucket, own) in merged.enumerated() {
      seen += own
      if Double(seen) >= rank {
        return least * exp2((Double(bucket) + 0.5) / bucketsPerOctave)
      }
    }
    return greatest
  }

  private static func buckets(_ slot: Int) -> Range<Int> {
    slot * bucketCount..<(slot + 1) * bucketCount
  }

  private static func bucket(_ duration: Double) -> Int {
    let held = min(max(duration, least), greatest)
    return min(bucketCount - 1, Int(log2(held / least) * bucketsPerOctave))
  }
}
