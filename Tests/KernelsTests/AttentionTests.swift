import Kernels
import Testing

@Suite("Ragged attention")
struct AttentionTests {
  private static let lengths = [1, 2, 15, 16, 17, 30, 63, 64, 65, 130, 257]

  @Test(
    "each head attends as softmax(QKᵀ/√d)V says", arguments: lengths,
    [(Precision.f32, 20, 5e-6), (.bf16, 32, 0.03), (.int8, 48, 0.03)])
  func matchesReference(length: Int, kind: (precision: Precision, size: Int, error: Double)) throws
  {
    let (heads, size) = (3, kind.size)
    let width = heads * size
    var noise = Noise(seed: UInt64(length))
    let rows = noise.floats(length * 3 * width, in: -2...2)
    let attention = RaggedAttention(
      headCount: heads, headSize: size, precision: kind.precision, table: try bestTable())
    var output = try Matrix(rows: length, columns: width)
    attention.apply(
      try matrix(rows, rows: length), rows: 0..<length, into: &output, at: 0,
      scratch: try testScratch())
    let result = values(output)
    func element(_ row: Int, _ part: Int, _ head: Int, _ column: Int) -> Double {
      Double(rows[row * 3 * width + part * width + head * size + column])
    }
    for head in 0..<heads {
      for query in stride(from: 0, to: length, by: 7) {
        let scores = (0..<length).map { key in
          (0..<size).map { element(query, 0, head, $0) * element(key, 1, head, $0) }
            .reduce(0, +) / Double(size).squareRoot()
        }
        let shares = referenceSoftmax(scores)
        for column in 0..<size {
          let expected = (0..<length).map { shares[$0] * element($0, 2, head, column) }
            .reduce(0, +)
          let actual = Double(result[query * width + head * size + column])
          #expect(abs(actual - expected) < kind.error, "query \(query), head \(head)")
        }
      }
    }
  }

  @Test(
    "a sequence's bits do not depend on where it lies in the batch", arguments: lengths,
    [Precision.f32, .bf16])
  func placeDoesNotMatter(length: Int, precision: Precision) throws {
    let (heads, size) = (2, 32)
    let width = heads * size
    var noise = Noise(seed: UInt64(length))
    let own = noise.floats(length * 3 * width)
    let attention = RaggedAttention(
      headCount: heads, headSize: size, precision: precision, table: try bestTable())
    // A longer sequence first leaves the scratch dirty, as it is in use.
    let scratch = try testScratch(headSize: size)
    let before = noise.floats(280 * 3 * width)
    let batch = try matrix(before + own, rows: 280 + length)
    var output = try Matrix(rows: 280 + length, columns: width)
    attention.apply(batch, rows: 0..<280, into: &output, at: 0, scratch: scratch)
    attention.apply(batch, rows: 280..<280 + length, into: &output, at: 280, scratch: scratch)
    var alone = try Matrix(rows: length, columns: width)
    attention.apply(
      try matrix(own, rows: length), rows: 0..<length, into: &alone, at: 0,
      scratch: try testScratch(headSize: size))
    let together = values(output)[(280 * width)...].map(\.bitPattern)
    #expect(together == values(alone).map(\.bitPattern))
  }

  @Test("every instruction set gives the same bits")
  func instructionSetsAgree() throws {
    var noise = Noise(seed: 6)
    let rows = try matrix(noise.floats(70 * 3 * 64), rows: 70)
    let results = try InstructionSet.available.map { set in
      let attention = RaggedAttention(headCount: 2, headSize: 32, table: try KernelTable(set))
      var output = try Matrix(rows: 70, columns: 64)
      attention.apply(rows, rows: 0..<70, into: &output, at: 0, scratch: try testScratch())
      return values(output).map(\.bitPattern)
    }
    #expect(Set(results).count == 1)
  }
}
