import Foundation
import Kernels
import Testing

@Suite("Rotary positions and the tables behind them")
struct RotaryTests {
  @Test("functions for tables agree with libm")
  func mathematics() {
    for x in stride(from: -40.0, through: 40, by: 0.37) {
      #expect(abs(DeterministicMath.exp(x) / exp(x) - 1) < 1e-13, "exp \(x)")
      let (cosine, sine) = DeterministicMath.cosSin(x * 1_000)
      #expect(abs(cosine - cos(x * 1_000)) < 1e-11 && abs(sine - sin(x * 1_000)) < 1e-11, "\(x)")
    }
    for x in [1e-300, 1e-3, 0.5, 1, 2.0.squareRoot(), 3, 1e6, 1e300] {
      #expect(abs(DeterministicMath.log(x) - log(x)) <= 1e-13 * max(1, abs(log(x))), "log \(x)")
    }
    #expect(abs(DeterministicMath.pow(10_000, 0.75) - 1_000) < 1e-9)
  }

  private static func turned(
    _ scaling: Rotary.Scaling, width: Int = 4, headSize: Int = 6
  ) throws -> [[Float]] {
    let rotary = try RotaryTable(
      Rotary(width: width, base: 100, scaling: scaling), positionCount: 9,
      table: KernelTable(named: nil))
    // A column before the heads, two heads, and one row that belongs to another input.
    var x = try Matrix(rows: 10, columns: 1 + 2 * headSize)
    var span = x.mutableValues
    for index in span.indices { span[index] = 1 }
    rotary.apply(&x, rows: 1..<10, column: 1, headCount: 2, headSize: headSize)
    return (0..<10).map { row in (0..<x.columns).map { x.row(row)[$0] } }
  }

  @Test("pairs are turned by position times frequency, and the rest of a head stays")
  func angles() throws {
    let rows = try Self.turned(.none)
    #expect(rows[0].allSatisfy { $0 == 1 })
    for position in 0..<9 {
      let row = rows[position + 1]
      for (pair, frequency) in [1, 0.1].enumerated() {
        let angle = Double(position) * frequency
        for head in 0..<2 {
          let start = 1 + head * 6 + pair
          #expect(abs(Double(row[start]) - (cos(angle) - sin(angle))) < 1e-6)
          #expect(abs(Double(row[start + 2]) - (cos(angle) + sin(angle))) < 1e-6)
        }
      }
      for column in [0, 5, 6, 11, 12] { #expect(row[column] == 1) }
    }
  }

  @Test("scaled frequencies turn more slowly")
  func scaling() throws {
    let plain = try Self.turned(.none)
    let linear = try Self.turned(.linear(factor: 4))
    for column in plain[0].indices { #expect(abs(linear[9][column] - plain[3][column]) < 1e-6) }
    // Waves of 6 and 63 tokens: the first is kept, the second divided.
    let llama = try Self.turned(.llama3(factor: 2, low: 1, high: 4, originalPositions: 32))
    #expect(llama[9][1] == plain[9][1] && abs(llama[9][2] - plain[5][2]) < 1e-6)
  }

  @Test("an input's positions are the same whatever inputs came before it")
  func history() throws {
    let stretching: [Rotary.Scaling] = [
      .none, .dynamic(factor: 2, originalPositions: 4),
      .longrope(short: [1, 2], long: [3, 4], originalPositions: 4),
    ]
    for scaling in stretching {
      let rotary = Rotary(width: 4, base: 100, scaling: scaling, magnitude: 1.25)
      func turned(lengths: [Int]) throws -> [[Float]] {
        let table = try RotaryTable(rotary, positionCount: 12, table: KernelTable(named: nil))
        return try lengths.map { length in
          var x = try matrix([Float](repeating: 1, count: 4 * length), rows: length)
          table.apply(&x, rows: 0..<length, column: 0, headCount: 1, headSize: 4)
          return values(x)
        }
      }
      let lengths = [12, 3, 5, 12, 4, 11]
      let alone = try lengths.map { try turned(lengths: [$0])[0] }
      #expect(try turned(lengths: lengths) == alone, "\(scaling)")
      // The second position of an input within the original length and of a longer one.
      let isTheSame = alone[1][4...7] == alone[0][4...7]
      #expect(isTheSame == (scaling == .none), "\(scaling)")
    }
  }
}
