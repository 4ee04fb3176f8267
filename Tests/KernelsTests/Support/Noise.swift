import Kernels

/// A generator with a fixed seed, so that a failure can be repeated.
struct Noise: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

/// The best table of this machine.
func bestTable() throws -> KernelTable {
  try KernelTable(named: nil)
}

/// A matrix with these values, row by row.
func matrix(_ values: [Float], rows: Int) throws -> Matrix {
  var matrix = try Matrix(rows: rows, columns: values.count / rows)
  var span = matrix.mutableValues
  for index in values.indices { span[index] = values[index] }
  return matrix
}

/// The values of a matrix, row by row.
func values(_ matrix: borrowing Matrix) -> [Float] {
  let span = matrix.values
  return span.indices.map { span[$0] }
}

/// Weights of f32 in memory of their own.
func weights(_ values: [Float]) throws -> SharedWeights {
  try SharedWeights.copy(values.span.bytes, of: .f32)
}

/// Weights of 16 bits in memory of their own.
func weights(_ bits: [UInt16], of type: ElementType) throws -> SharedWeights {
  try SharedWeights.copy(bits.span.bytes, of: type)
}

/// A layer of `weights` by the best table.
func linear(
  _ weights: SharedWeights, in inColumns: Int, bias: [Float]?, _ epilogue: Linear.Epilogue,
  precision: Precision = .f32, table: KernelTable? = nil
) throws -> Linear {
  try linear(
    [weights], in: inColumns, bias: bias, epilogue, precision: precision, table: table)
}

func linear(
  _ parts: [SharedWeights], in inColumns: Int, bias: [Float]?, _ epilogue: Linear.Epilogue,
  precision: Precision = .f32, table: KernelTable? = nil
) throws -> Linear {
  let table = try table ?? bestTable()
  let packed = try PackedWeights(parts, inner: inColumns, precision: precision, table: table)
  return Linear(packed, bias: bias, epilogue: epilogue, table: table)
}

/// Working memory for tests: any product of up to 1,600 inputs, sequences up to 300 tokens.
func testScratch(headSize: Int = 64) throws -> Scratch {
  try Scratch(
    Scratch.Limits(inColumnsMax: 1_600, sequenceLengthMax: 300, headSize: headSize))
}

/// Whether both have the same bits.
func agree(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}
