internal import CKernels
internal import Glibc

/// Times the operations of a kernel table, on the calling thread.
///
/// Products and attention have the shapes of MiniLM: 384 columns, 12 heads of 32, 256 rows.
package struct KernelProbe {
  /// What an operation came to.
  package struct Rate: Sendable {
    /// Such as `product 384 → 1536, gelu`.
    package var name: String
    /// Of multiplications and additions, in 1/s; 0 where memory is what counts.
    package var operationsPerSecond = 0.0
    /// Of a plain pass (one load and one store an element) over the same rows, its share of this
    /// operation's time; 0 where operations are what counts.
    package var passShare = 0.0
    /// For one call.
    package var microseconds: Double
  }

  private let table: KernelTable
  /// Time that each measurement takes at least, in seconds.
  private let seconds: Double
  private let rows = 256
  private let hidden = 384

  /// Measures each operation for about `seconds`.
  package init(_ table: KernelTable, seconds: Double) {
    self.table = table
    self.seconds = seconds
  }

  /// The most that the instruction of a precision's products does, in operations a second.
  package func instructionPeak(_ precision: Precision) -> Double {
    let functions = table.functions.pointee
    let peak =
      switch precision {
      case .f32: functions.peak_f32
      case .bf16: functions.peak_bf16
      case .int8: functions.peak_int8
      }
    var sink: Float = 0
    let rounds = 100_000
    let operations = peak?(rounds, &sink) ?? 0
    return operations / time { _ = peak?(rounds, &sink) }
  }

  /// Bytes a second that this thread reads from memory that no cache holds.
  package func readBandwidth() throws(KernelsError) -> Double {
    let matrix = try Matrix(rows: 64, columns: 1 << 20)
    for row in 0..<64 {
      table.functions.pointee.add(matrix.start(ofRow: row), matrix.base, 1 << 20)
    }
    var sum: Float = 0
    let duration = time {
      for row in 0..<32 {
        sum += table.functions.pointee.dot(
          matrix.start(ofRow: row), matrix.start(ofRow: row + 32), 1 << 20)
      }
    }
    return Double(64 << 22) / duration + Double(sum) * 0
  }

  /// The products of a layer with what follows them, rows prepared included, and attention.
  package func products(_ precision: Precision) throws(KernelsError) -> [Rate] {
    let norm = LayerNorm(
      gamma: ones(hidden), beta: [Float](repeating: 0, count: hidden), epsilon: 1e-12)
    let layers: [(String, Int, Int, Linear.Epilogue)] = [
      ("product 384 → 1152", hidden, 3 * hidden, .bias),
      ("product 384 → 384, residual, layer norm", hidden, hidden, .biasResidualLayerNorm(norm)),
      ("product 384 → 1536, gelu", hidden, 4 * hidden, .biasGELU),
      (
        "product 1536 → 384, residual, layer norm", 4 * hidden, hidden,
        .biasResidualLayerNorm(norm)
      ),
    ]
    let scratch = try makeScratch()
    var rates: [Rate] = []
    for (name, inner, columns, epilogue) in layers {
      let stored = try SharedWeights.floats(count: inner * columns) { weights in
        for index in 0..<inner * columns { weights[index] = noise(index) * 0.05 }
      }
      let packed = try PackedWeights([stored], inner: inner, precision: precision, table: table)
      let linear = Linear(packed, bias: ones(columns), epilogue: epilogue, table: table)
      let input = try noisy(rows: rows, columns: inner)
      var output = try Matrix(rows: rows, columns: columns)
      let duration = time {
        linear.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: scratch)
      }
      let operations = 2 * Double(rows) * Double(inner) * Double(columns)
      rates.append(
        Rate(
          name: name, operationsPerSecond: operations / duration, microseconds: duration * 1e6))
    }
    return rates
  }

  /// Full attention of 128 tokens.
  package func attention(_ precision: Precision) throws(KernelsError) -> Rate {
    let tokens = 128
    let attention = RaggedAttention(
      headCount: 12, headSize: 32, precision: precision, table: table)
    let projections = try noisy(rows: tokens, columns: 3 * hidden)
    var output = try Matrix(rows: tokens, columns: hidden)
    let scratch = try makeScratch()
    let duration = time {
      attention.apply(projections, rows: 0..<tokens, into: &output, at: 0, scratch: scratch)
    }
    let operations = 4 * Double(tokens * tokens) * Double(hidden)
    return Rate(
      name: "attention, 12 heads of 32, 128 tokens", operationsPerSecond: operations / duration,
      microseconds: duration * 1e6)
  }

  /// Operations that go over rows once or a few times, in a near cache.
  package func rowOperations() throws(KernelsError) -> [Rate] {
    let functions = table.functions.pointee
    var matrix = try noisy(rows: rows, columns: hidden)
    let target = try Matrix(rows: rows, columns: hidden)
    let (rows, hidden, base) = (self.rows, self.hidden, matrix.base)
    let codes = UnsafeMutableRawPointer(target.base)
    let scales = ones(hidden)
    var factors = ones(rows)
    var zeros = [Float](repeating: 0, count: rows)
    let count = rows * hidden
    let pass = time { functions.scale(base, 1, count) }
    func rate(_ name: String, _ body: () -> Void) -> Rate {
      let duration = time(body)
      return Rate(name: name, passShare: pass / duration, microseconds: duration * 1e6)
    }
    let rates = [
      rate("layer norm") { functions.layer_norm(base, hidden, scales, scales, 1e-6, rows, hidden) },
      rate("rms norm") { functions.rms_norm(base, hidden, scales, 1e-6, rows, hidden) },
      rate("softmax") { functions.softmax(base, hidden, 1, rows, hidden) },
      rate("exponentials") { functions.exponentials(base, hidden, &factors, 1, rows, hidden) },
      rate("exponentials, bf16") {
        functions.exponentials_bf16(
          codes.assumingMemoryBound(to: UInt16.self), hidden, &factors, base, hidden, 1, rows,
          hidden)
      },
      rate("gelu") { functions.gelu(base, count) },
      rate("gelu, tanh") { functions.gelu_tanh(base, count) },
      rate("silu") { functions.silu(base, count) },
      rate("rotary positions") {
        functions.rotate(base, hidden, scales, scales, rows, hidden / 2)
      },
      rate("mean pooling") { functions.mean_rows(target.base, base, hidden, rows, hidden) },
      rate("l2 norm") { functions.l2_normalize(base, hidden, rows, hidden) },
      rate("rows to bf16") {
        functions.f32_to_bf16(
          codes.assumingMemoryBound(to: UInt16.self), hidden, base, hidden, rows, hidden)
      },
      rate("rows to 8-bit codes") {
        functions.quantize(
          codes.assumingMemoryBound(to: UInt8.self), hidden, &factors, &zeros, base, hidden, rows,
          hidden)
      },
    ]
    _ = matrix.mutableValues
    return rates
  }

  private func makeScratch() throws(KernelsError) -> Scratch {
    try Scratch(.init(inColumnsMax: 4 * hidden, sequenceLengthMax: 512, headSize: 32))
  }

  private func ones(_ count: Int) -> [Float] { [Float](repeating: 1, count: count) }

  private func noisy(rows: Int, columns: Int) throws(KernelsError) -> Matrix {
    let matrix = try Matrix(rows: rows, columns: columns)
    for index in 0..<rows * columns { matrix.base[index] = noise(index) }
    return matrix
  }

  /// Something between −1 and 1 without a pattern that matters.
  private func noise(_ index: Int) -> Float {
    let mixed = (UInt32(truncatingIfNeeded: index) &+ 1) &* 2_654_435_761
    return Float(Int32(bitPattern: mixed)) / 2_147_483_648
  }

  /// Seconds that one call takes: the least of a few rounds.
  private func time(_ body: () -> Void) -> Double {
    body()
    var calls = 1
    var best = Double.infinity
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: .seconds(seconds))
    repeat {
      let duration = clock.measure { for _ in 0..<calls { body() } }
      let spent =
        Double(duration.components.attoseconds) * 1e-18 + Double(duration.components.seconds)
      if spent < seconds / 50 {
        calls *= 2
      } else {
        best = min(best, spent / Double(calls))
      }
    } while clock.now < end || best == .infinity
    return best
  }
}
