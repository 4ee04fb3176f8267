import CKernels

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

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -3...3) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

/// The tables that this machine can run, with their names.
var availableTables: [(name: String, table: UnsafePointer<ck_table>)] {
  let tables: [(String, ck_isa)] = [
    ("scalar", CK_ISA_SCALAR), ("avx2", CK_ISA_AVX2), ("avx512", CK_ISA_AVX512),
    ("avx512_vnni", CK_ISA_AVX512_VNNI), ("avx512_bf16", CK_ISA_AVX512_BF16),
  ]
  return tables.compactMap { name, isa in ck_table_for(isa).map { (name, $0) } }
}

/// The names of kernels.inc.
let kernelNames: [String] = (0..<ck_kernel_count()).compactMap { index in
  ck_kernel_name(index).map { String(cString: $0) }
}

/// Row lengths around the 16 virtual lanes and the four accumulators of 16.
let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 35, 63, 64, 65, 67, 131, 1_003]

private let rows = 3

/// One run of each kernel on noise: rows of `length` with gaps between them, in which nothing may
/// change. Returns everything that the kernel could write to.
let kernelCases = rowCases.merging(packedCases) { first, _ in first }

private let rowCases: [String: @Sendable (ck_table, Int) -> [Float]] = [
  "layer_norm": { table, length in
    var (x, noise) = matrix(length)
    let gamma = noise.floats(length)
    table.layer_norm(&x, length + 5, gamma, noise.floats(length), 1e-12, rows, length)
    return x
  },
  "softmax": { table, length in
    var (x, _) = matrix(length)
    table.softmax(&x, length + 5, 4.25, rows, length)
    return x
  },
  "exponentials": { table, length in
    var (x, _) = matrix(length)
    var shares = [Float](repeating: 7, count: rows + 1)
    table.exponentials(&x, length + 5, &shares, 4.25, rows, length)
    return x + shares
  },
  "exponentials_bf16": { table, length in
    let (x, _) = matrix(length)
    var out = [UInt16](repeating: 9, count: rows * (length + 2))
    var shares = [Float](repeating: 7, count: rows + 1)
    table.exponentials_bf16(&out, length + 2, &shares, x, length + 5, 4.25, rows, length)
    return out.map { Float(bitPattern: UInt32($0) << 16) } + shares
  },
  "scale_rows": { table, length in
    var (x, noise) = matrix(length)
    table.scale_rows(&x, length + 5, noise.floats(rows), rows, length)
    return x
  },
  "tanh": { table, length in
    var (x, _) = matrix(length)
    table.tanh(&x, length)
    return x
  },
  "sigmoid": { table, length in
    var (x, _) = matrix(length)
    table.sigmoid(&x, length)
    return x
  },
  "mean_rows": { table, length in
    var (x, noise) = matrix(length)
    var out = noise.floats(length + 5)
    table.mean_rows(&out, &x, length + 5, rows, length)
    return out
  },
  "l2_normalize": { table, length in
    var (x, _) = matrix(length)
    table.l2_normalize(&x, length + 5, rows, length)
    return x
  },
  "embed_f32": { table, length in
    var (out, noise) = matrix(length)
    let words = noise.floats(4 * length)
    let positions = noise.floats(rows * length)
    table.embed_f32(
      &out, length + 5, words, [3, 0, 2], positions, noise.floats(length), rows, length)
    return out
  },
  "embed_f16": { table, length in
    var (out, noise) = matrix(length)
    let words = noise.floats(4 * length).map { Float16($0).bitPattern }
    let positions = noise.floats(rows * length)
    table.embed_f16(
      &out, length + 5, words, [3, 0, 2], positions, noise.floats(length), rows, length)
    return out
  },
  "embed_bf16": { table, length in
    var (out, noise) = matrix(length)
    let words = noise.floats(4 * length).map { UInt16($0.bitPattern >> 16) }
    let positions = noise.floats(rows * length)
    table.embed_bf16(
      &out, length + 5, words, [3, 0, 2], positions, noise.floats(length), rows, length)
    return out
  },
  "f16_to_f32": { table, length in
    var (out, noise) = matrix(length)
    let halves = (0..<length).map { _ in UInt16.random(in: 0...0xffff, using: &noise) }
    table.f16_to_f32(&out, halves, length)
    return out
  },
  "bf16_to_f32": { table, length in
    var (out, noise) = matrix(length)
    let halves = (0..<length).map { _ in UInt16.random(in: 0...0xffff, using: &noise) }
    table.bf16_to_f32(&out, halves, length)
    return out
  },
  "dot": { table, length in
    var (x, noise) = matrix(length)
    return [table.dot(&x, noise.floats(length), length)]
  },
  "dense": { table, length in
    var (x, noise) = matrix(length)
    var out = noise.floats(rows * 9)
    let weights = noise.floats(7 * length)
    table.dense(&out, 9, &x, length + 5, weights, noise.floats(7), rows, 7, length)
    return out
  },
  "transpose": { table, length in
    // The length is the number of rows here, with a few columns, then the other way round.
    var (x, noise) = matrix(length)
    let stride = (length + 15) / 16 * 16
    var tall = noise.floats(20 * stride)
    table.transpose(&tall, stride, noise.floats(length * 21), 21, length, 20)
    var wide = noise.floats(length * 17)
    table.transpose(&wide, 17, &x, length + 5, rows, length)
    return tall + wide
  },
  "rms_norm": { table, length in
    var (x, noise) = matrix(length)
    table.rms_norm(&x, length + 5, noise.floats(length), 1e-6, rows, length)
    return x
  },
  "rotate": { table, length in
    // The length is that of a half.
    var noise = Noise(seed: UInt64(length))
    var x = noise.floats(rows * (2 * length + 5))
    let cosines = noise.floats(length, in: -1...1)
    table.rotate(
      &x, 2 * length + 5, cosines, noise.floats(length, in: -1...1), rows, length)
    return x
  },
  "gelu": unary { $0.gelu },
  "gelu_tanh": unary { $0.gelu_tanh },
  "silu": unary { $0.silu },
  "relu": unary { $0.relu },
  "multiply": binary { table, x, y, count in table.multiply(x, y, count) },
  "add": binary { table, x, y, count in table.add(x, y, count) },
  "add_f16": { table, length in
    var (x, noise) = matrix(length)
    table.add_f16(&x, noise.floats(length).map { Float16($0).bitPattern }, length)
    return x
  },
  "add_bf16": { table, length in
    var (x, noise) = matrix(length)
    table.add_bf16(&x, noise.floats(length).map { UInt16($0.bitPattern >> 16) }, length)
    return x
  },
  "add_scaled": binary { table, x, y, count in table.add_scaled(x, y, 0.3, count) },
  "scale_add": binary { table, x, y, count in table.scale_add(x, 0.3, y, count) },
  "scale": binary { table, x, _, count in table.scale(x, 0.3, count) },
  "soft_cap": binary { table, x, _, count in table.soft_cap(x, 0.7, 2, count) },
  "gather_add": { table, length in
    var (x, noise) = matrix(length)
    let indices = (0..<length).map { _ in Int32.random(in: 0..<4, using: &noise) }
    table.gather_add(&x, noise.floats(length * 3 + 4), 3, indices, length)
    return x
  },
  "max_rows": { table, length in
    var (x, noise) = matrix(length)
    var out = noise.floats(length + 5)
    table.max_rows(&out, &x, length + 5, rows, length)
    return out
  },
  "matmul": { table, length in
    // The length in turn as the number of rows, of columns and of summands.
    var noise = Noise(seed: UInt64(length))
    let sides = [(length, 33, 5), (13, length, 6), (13, 71, length)]
    return sides.flatMap { rows, columns, inner in
      let x = noise.floats(rows * (inner + 2))
      let y = noise.floats(inner * (columns + 3))
      var out = noise.floats(rows * (columns + 1))
      table.matmul(&out, columns + 1, x, inner + 2, y, columns + 3, rows, columns, inner)
      return out
    }
  },
]

private func matrix(_ length: Int) -> ([Float], Noise) {
  var noise = Noise(seed: UInt64(length))
  return (noise.floats(rows * (length + 5)), noise)
}

private typealias Unary = @convention(c) (UnsafeMutablePointer<Float>?, Int) -> Void

private func unary(
  _ kernel: @escaping @Sendable (ck_table) -> Unary?
) -> @Sendable (ck_table, Int) -> [Float] {
  { table, length in
    var (x, _) = matrix(length)
    kernel(table)?(&x, length)
    return x
  }
}

private func binary(
  _ kernel:
    @escaping @Sendable (
      ck_table, UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int
    ) -> Void
) -> @Sendable (ck_table, Int) -> [Float] {
  { table, length in
    var (x, noise) = matrix(length)
    kernel(table, &x, noise.floats(length), length)
    return x
  }
}
