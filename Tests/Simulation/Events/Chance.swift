package import Coordination
internal import Glibc

/// What the simulation draws by chance. A run is decided by its seed alone.
extension SplitMix64 {
  package mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  package mutating func between(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * unit()
  }

  package mutating func time(_ low: Int64, _ high: Int64) -> Int64 {
    low + Int64(Double(high - low) * unit())
  }

  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + index(below: range.count)
  }

  package mutating func exponential(mean: Double) -> Double { -log(1 - unit()) * mean }

  /// Box and Muller's method; one of its two values is enough.
  package mutating func normal() -> Double {
    (-2 * log(1 - unit())).squareRoot() * cos(2 * Double.pi * unit())
  }

  package mutating func logNormal(median: Double, sigma: Double) -> Double {
    median * exp(sigma * normal())
  }

  package mutating func element<Value>(of values: [Value]) -> Value {
    values[index(below: values.count)]
  }
}
