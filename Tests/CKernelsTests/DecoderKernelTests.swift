import CKernels
import Foundation
import Testing

/// What the kernels beyond those of a plain encoder compute, in Double.
@Suite("Decoder kernels against Double")
struct DecoderKernelTests {
  private static let points = stride(from: -12.0, through: 12.0, by: 0.01).map(Float.init)

  private struct Curve: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var kernel:
      @Sendable (ck_table) -> (@convention(c) (UnsafeMutablePointer<Float>?, Int) -> Void)?
    var exact: @Sendable (Double) -> Double
  }

  private static let curves = [
    Curve(
      testDescription: "gelu", kernel: { $0.gelu },
      exact: { 0.5 * $0 * erfc(-$0 * 0.5.squareRoot()) }),
    Curve(
      testDescription: "gelu_tanh", kernel: { $0.gelu_tanh },
      exact: {
        0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
      }),
    Curve(testDescription: "silu", kernel: { $0.silu }, exact: { $0 / (1 + exp(-$0)) }),
    Curve(testDescription: "relu", kernel: { $0.relu }, exact: { max(0, $0) }),
  ]

  @Test("activations are within 1e-6 of their definitions", arguments: curves)
  private func activations(curve: Curve) {
    for (name, table) in availableTables {
      var y = Self.points
      curve.kernel(table.pointee)?(&y, y.count)
      for (x, y) in zip(Self.points, y) {
        let exact = curve.exact(Double(x))
        #expect(abs(Double(y) - exact) <= 1e-6 * max(1, abs(exact)), "\(name) at \(x)")
      }
    }
  }

  @Test("RMS norm divides by the root of the mean square", arguments: [1, 17, 384])
  func rmsNorm(length: Int) {
    var noise = Noise(seed: 3)
    let x = noise.floats(length)
    let gamma = noise.floats(length)
    let square = x.reduce(0) { $0 + Double($1) * Double($1) } / Double(length)
    for (name, table) in availableTables {
      var y = x
      table.pointee.rms_norm(&y, length, gamma, 1e-3, 1, length)
      for i in 0..<length {
        let exact = Double(x[i]) / (square + 1e-3).squareRoot() * Double(gamma[i])
        #expect(abs(Double(y[i]) - exact) < 1e-5, "\(name), column \(i)")
      }
    }
  }

  @Test("rotation turns pairs that are half a row apart")
  func rotation() {
    for (name, table) in availableTables {
      var x: [Float] = [1, 2, 3, 4]
      table.pointee.rotate(&x, 4, [0, 1], [1, 0], 1, 2)
      #expect(x == [-3, 2, 1, 4], "\(name)")
    }
  }

  @Test("soft caps keep scores below the cap")
  func softCap() {
    for (name, table) in availableTables {
      var x: [Float] = [0, 1, -1, 1e6]
      table.pointee.soft_cap(&x, 0.5, 2, 4)
      #expect(x[0] == 0 && abs(x[1] - Float(2 * tanh(0.25))) < 1e-6, "\(name)")
      #expect(x[2] == -x[1] && x[3] == 2, "\(name)")
    }
  }

  @Test("sums, products, gathers and maxima of small rows")
  func small() {
    for (name, table) in availableTables {
      var x: [Float] = [1, 2, 3]
      table.pointee.scale_add(&x, 2, [10, 20, 30], 3)
      #expect(x == [12, 24, 36], "\(name)")
      table.pointee.add_scaled(&x, [1, 1, 1], -2, 3)
      #expect(x == [10, 22, 34], "\(name)")
      table.pointee.gather_add(&x, [1, 2, 3, 4, 5, 6], 2, [1, 0, 1], 3)
      #expect(x == [12, 25, 40], "\(name)")
      table.pointee.max_rows(&x, [1, -5, 7, 3, -6, 7], 3, 2, 3)
      #expect(x == [3, -5, 7], "\(name)")
    }
  }

  @Test("a maximum over rows is NaN where any row is, and keeps the others", arguments: 0..<3)
  func notANumber(place: Int) {
    for (name, table) in availableTables {
      for columns in [1, 8, 15, 16, 17, 35] {
        for column in 0..<columns {
          var x = [Float](repeating: 1, count: 3 * columns)
          for index in 0..<columns { x[columns + index] = Float(index) - 3 }
          x[place * columns + column] = .nan
          var out = [Float](repeating: 0, count: columns)
          table.pointee.max_rows(&out, x, columns, 3, columns)
          for index in 0..<columns {
            let right =
              index == column ? out[index].isNaN : out[index] == max(1, Float(index) - 3)
            #expect(right, "\(name), \(columns) columns, NaN in \(column), column \(index)")
          }
        }
      }
    }
  }
}
