/// Rotary positions: in each head, pairs of columns half the turned width apart are turned by an
/// angle that grows with the position.
///
/// Frequencies and angles are rounded to f32 where transformers rounds them, so that long inputs
/// agree. The tables are made by `DeterministicMath`.
package struct Rotary: Sendable, Equatable {
  /// What makes the frequencies of long inputs lower. Sources: `modeling_rope_utils.py` of
  /// transformers, and for `ntk` the code of Alibaba-NLP's `NewModel`.
  package enum Scaling: Sendable, Equatable {
    /// Nothing.
    case none
    /// All are divided by a factor.
    case linear(factor: Float)
    /// Llama 3: those with a long wave are divided, in between it is blended.
    case llama3(factor: Float, low: Float, high: Float, originalPositions: Int)
    /// YaRN: pairs up to `low` keep their frequency, those from `high` on are divided, in between
    /// it is blended.
    case yarn(factor: Float, low: Double, high: Double)
    /// The base grows with the length of an input that is longer than `originalPositions`.
    case dynamic(factor: Float, originalPositions: Int)
    /// Every pair is divided by a factor of its own, another one in inputs longer than
    /// `originalPositions`.
    case longrope(short: [Float], long: [Float], originalPositions: Int)
    /// A base times the factor, and a divisor for all; with `mixing` a divisor for each pair.
    case ntk(factor: Float, mixing: Double?)
  }

  /// Columns of a head that are turned, from the first on.
  package let width: Int
  /// The first pair turns by one radian a token, the last by nearly 1/base, unless scaled.
  package let base: Float
  /// What is done to the frequencies.
  package let scaling: Scaling
  /// Cosines and sines are multiplied by it.
  package let magnitude: Float

  /// `width` is even and positive, `base` at least 1; lists of factors have width / 2 elements.
  package init(width: Int, base: Float, scaling: Scaling, magnitude: Float = 1) {
    precondition(width > 0 && width % 2 == 0 && base >= 1)
    if case .longrope(let short, let long, _) = scaling {
      precondition(short.count == width / 2 && long.count == width / 2)
    }
    self.width = width
    self.base = base
    self.scaling = scaling
    self.magnitude = magnitude
  }

  /// Whether an input of this many tokens turns otherwise than short ones do.
  func isStretched(_ length: Int) -> Bool {
    switch scaling {
    case .none, .linear, .llama3, .yarn, .ntk: false
    case .dynamic(_, let positions), .longrope(_, _, let positions): length > positions
    }
  }

  /// Radians a token for each pair, in an input of `length` tokens.
  func frequencies(length: Int) -> [Float] {
    let stretched = isStretched(length)
    switch scaling {
    case .none: return powers(of: base).map { 1 / $0 }
    case .linear(let factor): return powers(of: base).map { 1 / $0 / factor }
    case .llama3(let factor, let low, let high, let originalPositions):
      return powers(of: base).map {
        Self.llama3(1 / $0, factor, low: low, high: high, Float(originalPositions))
      }
    case .yarn(let factor, let low, let high): return yarn(factor, low: low, high: high)
    case .dynamic(let factor, let positions):
      guard stretched else { return powers(of: base).map { 1 / $0 } }
      let share = factor * Float(length) / Float(positions) - (factor - 1)
      let exponent = Double(width) / Double(width - 2)
      let grown = base * Float(DeterministicMath.pow(Double(share), Double(Float(exponent))))
      return powers(of: grown).map { 1 / $0 }
    case .longrope(let short, let long, _):
      return zip(powers(of: base), stretched ? long : short).map { 1 / ($1 * $0) }
    case .ntk(let factor, let mixing): return ntk(factor, mixing)
    }
  }

  /// base^(2 · pair / width).
  private func powers(of base: Float) -> [Float] {
    (0..<width / 2).map { index in
      let exponent = Float(2 * index) / Float(width)
      return Float(DeterministicMath.pow(Double(base), Double(exponent)))
    }
  }

  private static func llama3(
    _ frequency: Float, _ factor: Float, low: Float, high: Float, _ original: Float
  ) -> Float {
    let wave = 2 * Float.pi / frequency
    if wave < original / high { return frequency }
    if wave > original / low { return frequency / factor }
    let share = (original / wave - low) / (high - low)
    return (1 - share) * frequency / factor + share * frequency
  }

  private func yarn(_ factor: Float, low: Double, high: Double) -> [Float] {
    // As there: the same numbers would divide by zero.
    let high = low == high ? high + 0.001 : high
    return powers(of: base).enumerated().map { index, power in
      let ramp = (Float(index) - Float(low)) / Float(high - low)
      let kept = 1 - min(max(ramp, 0), 1)
      return 1 / (factor * power) * (1 - kept) + 1 / power * kept
    }
  }

  private func ntk(_ factor: Float, _ mixing: Double?) -> [Float] {
    let wide = Double(factor)
    guard let mixing else {
      let divisor = Float(DeterministicMath.pow(wide, 2 / Double(width)))
      return powers(of: base * factor).map { 1 / $0 / divisor }
    }
    let rate = Float(
      DeterministicMath.log(wide) / DeterministicMath.pow(Double(width / 2), mixing))
    return powers(of: base).enumerated().map { index, power in
      let place = Float(DeterministicMath.pow(Double(index + 1), mixing))
      return 1 / power / Float(DeterministicMath.exp(Double(rate * place)))
    }
  }
}
