import Glibc
import Kernels
import Testing

@Suite("Embedding tables")
struct EmbeddingTablesTests {
  @Test("words, segments and positions are added and normalised, in each stored type")
  func sums() throws {
    var noise = Noise(seed: 1)
    let columns = 40
    let words = noise.floats(10 * columns).map { Float16($0) }
    let brains = words.map { UInt16(Float($0).bitPattern >> 16) }
    let positions = noise.floats(7 * columns)
    let segments = noise.floats(2 * columns)
    let norm = LayerNorm(
      gamma: noise.floats(columns), beta: noise.floats(columns), epsilon: 1e-12)
    let ids: [Int32] = [3, 9, 0, 3]
    let cases: [(SharedWeights, [Float])] = [
      (try weights(words.map { Float($0) }), words.map { Float($0) }),
      (try weights(words.map(\.bitPattern), of: .f16), words.map { Float($0) }),
      (try weights(brains, of: .bf16), brains.map { Float(bitPattern: UInt32($0) << 16) }),
    ]
    for (table, words) in cases {
      let tables = try EmbeddingTables(
        words: table, positions: weights(positions), segments: segments, norm: norm,
        table: bestTable())
      #expect(tables.vocabularySize == 10 && tables.positionCount == 7)
      var output = try Matrix(rows: 6, columns: columns)
      tables.apply(ids[...], segmentStart: 2, firstPosition: 1, into: &output, at: 1)
      let result = values(output)
      #expect(result[..<columns].allSatisfy { $0 == 0 })
      #expect(result[(5 * columns)...].allSatisfy { $0 == 0 })
      for (i, id) in ids.enumerated() {
        let sum = (0..<columns).map { c in
          Double(words[Int(id) * columns + c]) + Double(segments[(i < 2 ? 0 : columns) + c])
            + Double(positions[(i + 1) * columns + c])
        }
        let mean = sum.reduce(0, +) / Double(columns)
        let variance = sum.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(columns)
        for c in 0..<columns {
          let unit = (sum[c] - mean) / variance.squareRoot()
          let expected = unit * Double(norm.gamma[c]) + Double(norm.beta[c])
          #expect(abs(Double(result[(i + 1) * columns + c]) - expected) < 5e-6)
        }
      }
    }
  }
}

@Suite("Heads and row operations")
struct HeadTests {
  @Test("a head gives each row what it gives it alone")
  func rowsAreIndependent() throws {
    var noise = Noise(seed: 2)
    let head = try Head(
      weights: weights(noise.floats(5 * 300)), inColumns: 300, bias: noise.floats(5),
      activation: .tanh, table: bestTable())
    let input = noise.floats(9 * 300)
    var together = [Float](repeating: 0, count: 9 * 5)
    head.apply(input, rows: 9, into: &together)
    for row in 0..<9 {
      var alone = [Float](repeating: 0, count: 5)
      head.apply(Array(input[(row * 300)...]), rows: 1, into: &alone)
      #expect(alone == Array(together[row * 5..<(row + 1) * 5]))
    }
  }

  @Test("a head is dense, then its activation; the bias may be absent")
  func values() throws {
    let input: [Float] = [1, 2, 3]
    let matrix: [Float] = [1, 0, 0, 0, 1, 1]
    func run(_ bias: [Float]?, _ activation: ElementFunction) throws -> [Float] {
      let head = try Head(
        weights: weights(matrix), inColumns: 3, bias: bias, activation: activation,
        table: bestTable())
      var output: [Float] = [9, 9, 9]
      head.apply(input, rows: 1, into: &output)
      return output
    }
    #expect(try run(nil, .identity) == [1, 5, 9])
    #expect(try run([0.5, -5], .identity) == [1.5, 0, 9])
    let activated = try run([0.5, -5], .tanh)
    #expect(abs(Double(activated[0]) - tanh(1.5)) < 1e-7)
    #expect(activated[1] == 0 && activated[2] == 9)
  }

  @Test("pooling, normalising, sigmoid, softmax and dot do what they say")
  func rowOperations() throws {
    let table = try bestTable()
    let rows = try matrix([1, 2, 3, 4, 5, 9], rows: 3)
    var pooled: [Float] = [7, 0, 0]
    table.meanPool(rows, rows: 1..<3, into: &pooled, at: 1)
    #expect(pooled == [7, 4, 6.5])

    var x: [Float] = [3, 4]
    var span = x.mutableSpan
    table.normalize(&span)
    #expect(x == [0.6, 0.8])
    let y: [Float] = [2, 1]
    #expect(table.dot(x.span, y.span) == 2)

    var logits: [Float] = [0, 0, 0, 0]
    var logitSpan = logits.mutableSpan
    table.softmax(&logitSpan)
    #expect(logits == [0.25, 0.25, 0.25, 0.25])
    var zero: [Float] = [0]
    var zeroSpan = zero.mutableSpan
    table.sigmoid(&zeroSpan)
    #expect(zero == [0.5])
  }
}
