import CKernels
import Testing

/// What each kernel computes, in Double, for the shapes that CKernels.h states.
@Suite("Row kernels against Double")
struct RowKernelTests {
  private static let rowLengths = [1, 15, 16, 17, 384, 1_003]

  @Test("layer norm has the mean, variance and shift that it should", arguments: rowLengths)
  func layerNorm(length: Int) {
    var noise = Noise(seed: 11)
    let x = noise.floats(length, in: 90...110)
    let gamma = noise.floats(length)
    let beta = noise.floats(length)
    let sums = x.map(Double.init)
    let mean = sums.reduce(0, +) / Double(length)
    let variance = sums.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(length)
    for (name, table) in availableTables {
      var y = x
      table.pointee.layer_norm(&y, length, gamma, beta, 1e-3, 1, length)
      for i in 0..<length {
        let unit = (sums[i] - mean) / (variance + 1e-3).squareRoot()
        let expected = unit * Double(gamma[i]) + Double(beta[i])
        #expect(abs(Double(y[i]) - expected) < 2e-5, "\(name), column \(i)")
      }
    }
  }

  @Test("a constant row is normalised to the shift")
  func constantRow() {
    for (name, table) in availableTables {
      var x = [Float](repeating: 2.5, count: 64)
      let ones = [Float](repeating: 1, count: 64)
      table.pointee.layer_norm(&x, 64, ones, ones, 1e-12, 1, 64)
      #expect(x == ones, "\(name)")
    }
  }

  @Test("dot, dense and matmul agree with sums in Double", arguments: rowLengths)
  func products(length: Int) {
    var noise = Noise(seed: 12)
    let x = noise.floats(2 * length)
    let y = noise.floats(3 * length)
    func exact(_ r: Int, _ c: Int) -> Double {
      (0..<length).map { Double(x[r * length + $0]) * Double(y[c * length + $0]) }.reduce(0, +)
    }
    let tolerance = 1e-6 * 9 * Double(length)
    for (name, table) in availableTables {
      #expect(abs(Double(table.pointee.dot(x, y, length)) - exact(0, 0)) < tolerance, "\(name)")
      var dense = [Float](repeating: .nan, count: 6)
      table.pointee.dense(&dense, 3, x, length, y, [1, 2, 3], 2, 3, length)
      var plain = [Float](repeating: .nan, count: 6)
      table.pointee.dense(&plain, 3, x, length, y, nil, 2, 3, length)
      var transposed = [Float](repeating: .nan, count: length * 16)
      table.pointee.transpose(&transposed, 16, y, length, 3, length)
      var product = [Float](repeating: .nan, count: 6)
      table.pointee.matmul(&product, 3, x, length, transposed, 16, 2, 3, length)
      for r in 0..<2 {
        for c in 0..<3 {
          let i = r * 3 + c
          #expect(abs(Double(dense[i]) - exact(r, c) - Double(c + 1)) < tolerance, "\(name)")
          #expect(abs(Double(plain[i]) - exact(r, c)) < tolerance, "\(name)")
          #expect(abs(Double(product[i]) - exact(r, c)) < tolerance, "\(name)")
        }
      }
    }
  }

  @Test("a transposed matrix is filled up with zeros")
  func transposeFills() {
    for (name, table) in availableTables {
      for (rows, columns) in [(1, 1), (3, 40), (16, 16), (18, 33), (40, 5)] {
        var noise = Noise(seed: 1)
        let x = noise.floats(rows * columns)
        let stride = (rows + 15) / 16 * 16
        var out = [Float](repeating: .nan, count: columns * stride)
        table.pointee.transpose(&out, stride, x, columns, rows, columns)
        for c in 0..<columns {
          for r in 0..<stride {
            let expected = r < rows ? x[r * columns + c] : 0
            #expect(out[c * stride + r] == expected, "\(name): \(rows) × \(columns)")
          }
        }
      }
    }
  }

  @Test("an element of a product does not depend on its tile")
  func tilesDoNotShow() {
    var noise = Noise(seed: 2)
    let (rows, columns, inner) = (29, 151, 43)
    let x = noise.floats(rows * inner)
    let y = noise.floats(inner * columns)
    for (name, table) in availableTables {
      var whole = [Float](repeating: 0, count: rows * columns)
      table.pointee.matmul(&whole, columns, x, inner, y, columns, rows, columns, inner)
      for r in 0..<rows {
        for c in stride(from: 0, to: columns, by: 7) {
          var one: Float = 0
          x.withUnsafeBufferPointer { x in
            y.withUnsafeBufferPointer { y in
              guard let x = x.baseAddress, let y = y.baseAddress else { return }
              table.pointee.matmul(&one, 1, x + r * inner, inner, y + c, columns, 1, 1, inner)
            }
          }
          #expect(one.bitPattern == whole[r * columns + c].bitPattern, "\(name): \(r), \(c)")
        }
      }
    }
  }

  @Test("the mean of rows is their sum in order, divided by their number")
  func meanRows() {
    var noise = Noise(seed: 4)
    let x = noise.floats(5 * 37)
    var expected = [Float](repeating: 0, count: 37)
    for r in 0..<5 {
      for c in 0..<37 { expected[c] += x[r * 37 + c] }
    }
    for (name, table) in availableTables {
      var out = [Float](repeating: .nan, count: 37)
      table.pointee.mean_rows(&out, x, 37, 5, 37)
      #expect(out == expected.map { $0 / 5 }, "\(name)")
    }
  }

  @Test("a normalised row has length 1, and a row of zeros stays")
  func l2Normalize() {
    var noise = Noise(seed: 5)
    let x = noise.floats(384)
    for (name, table) in availableTables {
      var y = x + [Float](repeating: 0, count: 384)
      table.pointee.l2_normalize(&y, 384, 2, 384)
      let length = y.map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
      #expect(abs(length - 1) < 1e-6, "\(name)")
      #expect(y[384...].allSatisfy { $0 == 0 }, "\(name)")
    }
  }

  @Test("embedding adds word, segment and position in this order")
  func embed() {
    let words: [Float] = [1e8, 2, -1e8, 4]
    // The small addends survive only where the large ones have cancelled before.
    let expected: [Float] = [5, 10.5, 2e8, 10.5]
    for (name, table) in availableTables {
      var out: [Float] = [0, 0, 0, 0]
      table.pointee.embed_f32(&out, 2, words, [1, 0], [5, 6, 7, 8], [1e8, 0.5], 2, 2)
      #expect(out == expected, "\(name)")
    }
  }

  @Test("all 65,536 halves convert exactly")
  func halves() {
    let all = (0...UInt16.max).map { $0 }
    for (name, table) in availableTables {
      var floats = [Float](repeating: 0, count: all.count)
      table.pointee.f16_to_f32(&floats, all, all.count)
      for (bits, value) in zip(all, floats) {
        let expected = Float(Float16(bitPattern: bits))
        let same = value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN)
        #expect(same, "\(name): f16 \(bits)")
      }
      table.pointee.bf16_to_f32(&floats, all, all.count)
      let wrong = zip(all, floats).filter { $1.bitPattern != UInt32($0) << 16 }
      #expect(wrong.isEmpty, "\(name): bf16")
    }
  }
}
