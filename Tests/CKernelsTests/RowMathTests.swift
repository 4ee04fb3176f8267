import CKernels
import Glibc
import Testing

/// Unit in the last place of a float near `x`.
private func ulp(_ x: Double) -> Double {
  Double(Float(abs(x)).ulp)
}

@Suite("Elementary functions against Double")
struct RowMathTests {
  /// Every 64th float of either sign from 1e-30 up to `limit`: 1.3 million values.
  private func sample(upTo limit: Float) -> [Float] {
    let bits = stride(from: Float(1e-30).bitPattern, through: limit.bitPattern, by: 1_021)
    return bits.flatMap { [Float(bitPattern: $0), -Float(bitPattern: $0)] } + [0, -0.0]
  }

  @Test("GELU is within 1.4e-7 of |x|, and 4e-7 at most")
  func gelu() {
    for (name, table) in availableTables {
      let x = sample(upTo: 40)
      var y = x
      table.pointee.gelu(&y, x.count)
      for (x, y) in zip(x, y) {
        let value = Double(x)
        let expected = 0.5 * value * erfc(-value * 0.5.squareRoot())
        let limit = min(1.4e-7 * abs(value), 4e-7) + 6e-8 * abs(expected)
        #expect(abs(Double(y) - expected) <= limit, "\(name) at \(x)")
      }
    }
  }

  @Test("tanh is within 2 units in the last place")
  func tanh() {
    for (name, table) in availableTables {
      let x = sample(upTo: 40)
      var y = x
      table.pointee.tanh(&y, y.count)
      let worst = zip(x, y).map { x, y in
        abs(Double(y) - Glibc.tanh(Double(x))) / ulp(Glibc.tanh(Double(x)))
      }.max()
      #expect((worst ?? 9) < 2, "\(name)")
    }
  }

  @Test("sigmoid is within 4 units in the last place down to the least normal number")
  func sigmoid() {
    for (name, table) in availableTables {
      let x = sample(upTo: 87)
      var y = x
      table.pointee.sigmoid(&y, y.count)
      let worst = zip(x, y).map { x, y in
        let expected = 1 / (1 + exp(-Double(x)))
        return abs(Double(y) - expected) / ulp(expected)
      }.max()
      #expect((worst ?? 9) < 4, "\(name)")
    }
  }

  @Test("softmax is within 6e-6 of each share, for small and for large values")
  func softmax() {
    for (name, table) in availableTables {
      for (scale, range) in [(Float(0.176_776_7), Float(4)), (1, 30), (1, 80), (3, 2_000)] {
        var noise = Noise(seed: 7)
        let x = noise.floats(517, in: -range...range)
        var y = x
        table.pointee.softmax(&y, y.count, scale, 1, y.count)
        let greatest = Double(x.max() ?? 0)
        let e = x.map { exp((Double($0) - greatest) * Double(scale)) }
        let sum = e.reduce(0, +)
        for (y, e) in zip(y, e) where e / sum > 1e-30 {
          // The product of difference and scale rounds before exp magnifies it: 2^-24 · 87.
          #expect(abs(Double(y) - e / sum) <= 6e-6 * (e / sum), "\(name)")
        }
        #expect(abs(y.map(Double.init).reduce(0, +) - 1) < 1e-6, "\(name)")
      }
    }
  }

  @Test("exponentials with their share are a softmax: within 1e-5, and 0.5 % of bf16")
  func exponentials() {
    for (name, table) in availableTables {
      for (scale, range) in [(Float(0.176_776_7), Float(4)), (1, 30), (1, 80), (3, 2_000)] {
        var noise = Noise(seed: 7)
        let x = noise.floats(517, in: -range...range)
        var y = x
        var halves = [UInt16](repeating: 0, count: 518)
        var (share, coarseShare): (Float, Float) = (0, 0)
        table.pointee.exponentials(&y, y.count, &share, scale, 1, y.count)
        table.pointee.exponentials_bf16(&halves, 518, &coarseShare, x, x.count, scale, 1, x.count)
        let greatest = Double(x.max() ?? 0)
        let e = x.map { exp((Double($0) - greatest) * Double(scale)) }
        let sum = e.reduce(0, +)
        for (index, e) in e.enumerated() where e / sum > 1e-30 {
          let coarse = Float(bitPattern: UInt32(halves[index]) << 16) * coarseShare
          #expect(abs(Double(y[index] * share) - e / sum) <= 1e-5 * (e / sum), "\(name)")
          #expect(abs(Double(coarse) - e / sum) <= 5e-3 * (e / sum), "\(name)")
        }
        #expect(halves[517] == 0, "\(name)")
      }
      var x: [Float] = [0, .nan, 1]
      var share: Float = 0
      table.pointee.exponentials(&x, 3, &share, 1, 1, 3)
      #expect(x[1].isNaN && share.isNaN, "\(name)")
    }
  }

  @Test("extreme values stay in range and NaN stays NaN")
  func extremes() {
    let tiny = Float.leastNonzeroMagnitude
    let x: [Float] = [.infinity, -.infinity, .nan, 3e38, -3e38, 0, -0.0, tiny, -tiny]
    for (name, table) in availableTables {
      var tanh = x
      table.pointee.tanh(&tanh, x.count)
      #expect(tanh[0] == 1 && tanh[1] == -1 && tanh[2].isNaN && tanh[3] == 1, "\(name)")
      #expect(tanh[5] == 0 && tanh[7] == tiny && tanh[8] == -tiny, "\(name)")

      var sigmoid = x
      table.pointee.sigmoid(&sigmoid, x.count)
      #expect(sigmoid[0] == 1 && sigmoid[1] == 0 && sigmoid[2].isNaN, "\(name)")
      #expect(sigmoid[3] == 1 && sigmoid[4] == 0 && sigmoid[5] == 0.5, "\(name)")

      var gelu = x
      table.pointee.gelu(&gelu, gelu.count)
      #expect(gelu[0] == .infinity && gelu[2].isNaN && gelu[3] == 3e38, "\(name)")
      #expect(abs(gelu[4]) < 4e-7 && gelu[5] == 0, "\(name)")

      var softmax: [Float] = [3e38, -3e38, 3e38]
      table.pointee.softmax(&softmax, 3, 1, 1, 3)
      #expect(softmax == [0.5, 0, 0.5], "\(name)")
    }
  }

  @Test("an element's bits do not depend on its place, in a vector or in the tail")
  func placeDoesNotMatter() {
    var noise = Noise(seed: 3)
    let values = noise.floats(40, in: -9...9)
    for (name, table) in availableTables {
      for run in elementwise {
        let whole = run(table.pointee, values)
        for start in 0..<17 {
          for count in 1...19 {
            let part = run(table.pointee, Array(values[start..<start + count]))
            #expect(
              differingBits(part, Array(whole[start..<start + count])) == [],
              "\(name): \(count) from \(start)")
          }
        }
      }
    }
  }

  private let elementwise: [(ck_table, [Float]) -> [Float]] = [
    { table, x in
      var y = x
      table.tanh(&y, y.count)
      return y
    },
    { table, x in
      var y = x
      table.sigmoid(&y, y.count)
      return y
    },
    { table, x in
      var y = x
      table.gelu(&y, y.count)
      return y
    },
  ]
}
