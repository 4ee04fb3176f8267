import Glibc

/// GELU in its exact form, in Double.
func referenceGELU(_ x: Double) -> Double {
  0.5 * x * erfc(-x * 0.5.squareRoot())
}

/// Softmax over all of `x`, in Double.
func referenceSoftmax(_ x: [Double]) -> [Double] {
  let greatest = x.max() ?? 0
  let powers = x.map { exp($0 - greatest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}
