import CKernels

/// Heights around the greatest of a tile, with inner and outer sizes around vectors and panels.
private struct ProductShape {
  var rows: Int
  var columns: Int
  var inner: Int

  /// The length in turn as the number of rows, of columns and of summands.
  static func around(_ length: Int) -> [ProductShape] {
    [(length, 33, 5), (13, length, 6), (7, 71, length)].map(ProductShape.init)
  }
}

/// Runs of the kernels that pack weights, prepare rows and multiply them.
let packedCases: [String: @Sendable (ck_table, Int) -> [Float]] = [
  // What a round adds to the sums, over what it counts: the same with any number of sums.
  "peak_f32": { table, length in peak(table.peak_f32, length) },
  "peak_bf16": { table, length in peak(table.peak_bf16, length) },
  "peak_int8": { table, length in peak(table.peak_int8, length) },
  "pack_f32": { table, length in
    panels(length) { columns, inner, noise in
      packF32(table, noise.floats(columns * inner), columns, inner)
    }
  },
  "pack_f16": { table, length in
    panels(length) { columns, inner, noise in
      let x = noise.floats(columns * inner).map { Float16($0).bitPattern }
      return packHalves(table.pack_f16, x, columns, inner, group: 1).map(Float.init)
    }
  },
  "pack_bf16": { table, length in
    panels(length) { columns, inner, noise in
      let x = noise.floats(columns * inner).map { UInt16($0.bitPattern >> 16) }
      return packHalves(table.pack_bf16, x, columns, inner, group: 2).map(Float.init)
    }
  },
  "pack_rows_bf16": { table, length in
    var noise = Noise(seed: 9)
    return [(length, 5), (min(length, 64), 7), (9, length)].flatMap { inner, columns in
      let columns = min(columns, 64)
      let x = noise.floats(inner * (columns + 3))
      let width = (columns + 15) / 16 * 16
      var out = [UInt16](repeating: 7, count: width * ((inner + 1) / 2 * 2))
      table.pack_rows_bf16(&out, x, columns + 3, columns, inner)
      return out.map(Float.init)
    }
  },
  "pack_int8": { table, length in
    panels(length) { columns, inner, noise in
      let packed = packInt8(table, noise.floats(columns * inner), columns, inner)
      return packed.panels.map(Float.init) + packed.scales + packed.sums
    }
  },
  "f32_to_bf16": { table, length in
    var noise = Noise(seed: UInt64(length))
    let x =
      [.infinity, -.infinity, .nan, Float.leastNormalMagnitude] + noise.floats(3 * (length + 5))
    var out = [UInt16](repeating: 9, count: 3 * (length + 2))
    table.f32_to_bf16(&out, length + 2, x, length + 5, 3, length)
    return out.map { Float(bitPattern: UInt32($0) << 16) }
  },
  "quantize": { table, length in
    var noise = Noise(seed: UInt64(length))
    let x = noise.floats(3 * (length + 5))
    let codes = quantize(table, x, stride: length + 5, rows: 3, columns: length)
    return codes.values.map(Float.init) + codes.scales + codes.zeros
  },
  "product_f32": { table, length in
    products(length) { shape, x, y in
      let panels = packAll(y, shape) { packF32(table, $0, $1, shape.inner) }
      return x.withUnsafeBytes { x in
        multiply(table.product_f32, shape, x, stride: shape.inner, panels: panels)
      }
    }
  },
  "product_f32_f16": { table, length in
    products(length) { shape, x, y in
      let panels = packAll(y.map { Float16($0).bitPattern }, shape) {
        packHalves(table.pack_f16, $0, $1, shape.inner, group: 1)
      }
      return x.withUnsafeBytes { x in
        multiply(table.product_f32_f16, shape, x, stride: shape.inner, panels: panels)
      }
    }
  },
  "product_f32_bf16": { table, length in
    products(length) { shape, x, y in
      let panels = packAll(y.map { UInt16($0.bitPattern >> 16) }, shape) {
        packHalves(table.pack_bf16, $0, $1, shape.inner, group: 2)
      }
      return x.withUnsafeBytes { x in
        multiply(table.product_f32_bf16, shape, x, stride: shape.inner, panels: panels)
      }
    }
  },
  "product_bf16": { table, length in
    products(length) { shape, x, y in
      let stride = (shape.inner + 1) / 2 * 2
      var rounded = [UInt16](repeating: 0, count: shape.rows * stride)
      table.f32_to_bf16(&rounded, stride, x, shape.inner, shape.rows, shape.inner)
      let panels = packAll(y.map { UInt16($0.bitPattern >> 16) }, shape) {
        packHalves(table.pack_bf16, $0, $1, shape.inner, group: 2)
      }
      return rounded.withUnsafeBytes { x in
        multiply(table.product_bf16, shape, x, stride: stride, panels: panels)
      }
    }
  },
  "product_int8": { table, length in
    products(length) { shape, x, y in
      let codes = quantize(
        table, x, stride: shape.inner, rows: shape.rows, columns: shape.inner)
      var scales: [Float] = []
      var sums: [Float] = []
      let panels = packAll(y, shape) { part, columns in
        let packed = packInt8(table, part, columns, shape.inner)
        scales += packed.scales
        sums += packed.sums
        return packed.panels
      }
      return codes.values.withUnsafeBytes { x in
        multiply(
          table.product_int8, shape, x, stride: (shape.inner + 3) / 4 * 4, panels: panels,
          rowScales: codes.scales, zeros: codes.zeros, scales: scales, sums: sums)
      }
    }
  },
]

private func panels(
  _ length: Int, _ run: (Int, Int, inout Noise) -> [Float]
) -> [Float] {
  var noise = Noise(seed: UInt64(length))
  return run(37, length, &noise) + run(64, length, &noise) + run(min(length, 64), 35, &noise)
}

/// The panel's width: of `columns` ≤ 64, rounded up to a vector.
private func width(_ columns: Int) -> Int { (columns + 15) / 16 * 16 }

private func packF32(_ table: ck_table, _ x: [Float], _ columns: Int, _ inner: Int) -> [Float] {
  var out = [Float](repeating: 9, count: width(columns) * inner)
  table.pack_f32(&out, x, columns, inner)
  return out
}

private typealias PackHalves =
  @convention(c) (UnsafeMutablePointer<UInt16>?, UnsafePointer<UInt16>?, Int, Int) -> Void

private func packHalves(
  _ pack: PackHalves?, _ x: [UInt16], _ columns: Int, _ inner: Int, group: Int
) -> [UInt16] {
  let padded = (inner + group - 1) / group * group
  var out = [UInt16](repeating: 9, count: width(columns) * padded)
  pack?(&out, x, columns, inner)
  return out
}

private func packInt8(
  _ table: ck_table, _ x: [Float], _ columns: Int, _ inner: Int
) -> (panels: [Int8], scales: [Float], sums: [Float]) {
  var out = [Int8](repeating: 9, count: width(columns) * ((inner + 3) / 4 * 4))
  var scales = [Float](repeating: 9, count: columns)
  var sums = [Float](repeating: 9, count: columns)
  table.pack_int8(&out, &scales, &sums, x, columns, inner)
  return (out, scales, sums)
}

private func quantize(
  _ table: ck_table, _ x: [Float], stride: Int, rows: Int, columns: Int
) -> (values: [UInt8], scales: [Float], zeros: [Float]) {
  let padded = (columns + 3) / 4 * 4
  var out = [UInt8](repeating: 9, count: rows * padded)
  var scales = [Float](repeating: 9, count: rows)
  var zeros = [Float](repeating: 9, count: rows)
  table.quantize(&out, padded, &scales, &zeros, x, stride, rows, columns)
  return (out, scales, zeros)
}

private func products(
  _ length: Int, _ run: (ProductShape, [Float], [Float]) -> [Float]
) -> [Float] {
  var noise = Noise(seed: UInt64(length))
  return ProductShape.around(length).flatMap { shape in
    run(shape, noise.floats(shape.rows * shape.inner), noise.floats(shape.columns * shape.inner))
  }
}

/// Panels of all of a shape's columns, one behind the other.
private func packAll<T, U>(
  _ y: [T], _ shape: ProductShape, _ pack: ([T], Int) -> [U]
) -> [U] {
  stride(from: 0, to: shape.columns, by: 64).flatMap { first in
    let columns = min(64, shape.columns - first)
    return pack(Array(y[first * shape.inner..<(first + columns) * shape.inner]), columns)
  }
}

private typealias Product =
  @convention(c) (
    UnsafeMutableRawPointer?, Int, UnsafePointer<ck_rows>?, UnsafePointer<ck_packed>?, ck_epilogue
  ) -> Void

/// The product by every epilogue, with gaps between the rows of the output.
private func multiply<W>(
  _ product: Product?, _ shape: ProductShape, _ x: UnsafeRawBufferPointer, stride: Int,
  panels: [W], rowScales: [Float] = [], zeros: [Float] = [], scales: [Float] = [],
  sums: [Float] = []
) -> [Float] {
  var noise = Noise(seed: 3)
  let bias = noise.floats(shape.columns)
  let before = noise.floats(shape.rows * (shape.columns + 3))
  var epilogues = [(CK_EPILOGUE_NONE, false), (CK_EPILOGUE_ADD, true), (CK_EPILOGUE_GELU, true)]
  if shape.columns % 64 == 0 {
    epilogues += [
      (CK_EPILOGUE_GELU_GATE, false), (CK_EPILOGUE_GELU_TANH_GATE, true),
      (CK_EPILOGUE_SILU_GATE, true),
    ]
  }
  return epilogues.flatMap { epilogue, hasBias in
    var out = before
    panels.withUnsafeBytes { panels in
      rowScales.withUnsafeBufferPointer { rowScales in
        zeros.withUnsafeBufferPointer { zeros in
          scales.withUnsafeBufferPointer { scales in
            sums.withUnsafeBufferPointer { sums in
              bias.withUnsafeBufferPointer { bias in
                var rows = ck_rows(
                  values: x.baseAddress, stride: stride, scales: rowScales.baseAddress,
                  zeros: zeros.baseAddress, count: shape.rows)
                var packed = ck_packed(
                  panels: panels.baseAddress, bias: hasBias ? bias.baseAddress : nil,
                  scales: scales.baseAddress, sums: sums.baseAddress, columns: shape.columns,
                  inner: shape.inner, next: nil)
                product?(&out, shape.columns + 3, &rows, &packed, epilogue)
              }
            }
          }
        }
      }
    }
    return out
  }
}

private func peak(
  _ kernel: (@convention(c) (Int, UnsafeMutablePointer<Float>?) -> Double)!, _ rounds: Int
) -> [Float] {
  var sum: Float = 0
  let operations = kernel(rounds, &sum)
  return [sum / Float(operations)]
}
