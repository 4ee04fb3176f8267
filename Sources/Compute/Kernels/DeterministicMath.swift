/// Elementary functions in Double by sums and products alone, for tables that are made at start:
/// the same bits on every processor, where libm picks variants. Within 1e-14 relative over the
/// ranges that are stated; slow.
package enum DeterministicMath {
  /// e^x for |x| ≤ 700.
  package static func exp(_ x: Double) -> Double {
    precondition(abs(x) <= 700)
    let n = (x / ln2).rounded()
    // ln 2 in two parts, the first with few bits.
    let r = (x - n * 0x1.62e42feep-1) - n * 1.908_214_929_270_587_7e-10
    var term = 1.0
    var sum = 1.0
    for k in 1...24 {
      term *= r / Double(k)
      sum += term
    }
    return Double(sign: .plus, exponent: Int(n), significand: 1) * sum
  }

  /// The natural logarithm of a positive, finite, normal x.
  package static func log(_ x: Double) -> Double {
    precondition(x.isNormal && x > 0)
    var exponent = Int(x.exponent)
    var m = x.significand
    if m > 2.0.squareRoot() {
      m /= 2
      exponent += 1
    }
    // 2 · artanh((m − 1) / (m + 1)).
    let s = (m - 1) / (m + 1)
    let square = s * s
    var power = s
    var sum = 0.0
    for k in stride(from: 1, through: 41, by: 2) {
      sum += power / Double(k)
      power *= square
    }
    return 2 * sum + Double(exponent) * ln2
  }

  /// base^exponent for a positive base.
  package static func pow(_ base: Double, _ exponent: Double) -> Double {
    exp(exponent * log(base))
  }

  /// Cosine and sine of x, |x| ≤ 2^30.
  package static func cosSin(_ x: Double) -> (cos: Double, sin: Double) {
    precondition(abs(x) <= 0x1p30)
    let n = (x / (Double.pi / 2)).rounded()
    // π/2 in three parts (fdlibm): products with n below 2^30 are exact in the first.
    let first = 1.570_796_326_734_125_6
    let second = 6.077_100_506_303_966e-11
    let third = 2.022_266_248_795_950_6e-21
    let r = ((x - n * first) - n * second) - n * third
    var cos = 0.0
    var sin = 0.0
    var term = 1.0
    for k in 0..<12 {
      cos += term
      term *= r / Double(2 * k + 1)
      sin += term
      term *= -r / Double(2 * k + 2)
    }
    switch Int(n) & 3 {
    case 0: return (cos, sin)
    case 1: return (-sin, cos)
    case 2: return (-cos, -sin)
    default: return (sin, -cos)
    }
  }

  private static let ln2 = 0.693_147_180_559_945_309_42
}
