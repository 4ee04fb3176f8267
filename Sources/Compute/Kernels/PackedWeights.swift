internal import CKernels
internal import Dispatch

/// Weights of a product, laid out once for the kernels that multiply with them; see `ck_packed`.
///
/// Bytes: those of the elements as they are kept (4 for f32, 2 for 16-bit ones and bf16, 1 for
/// int8), with the columns of the last panel rounded up to 16 and the inner dimension to 2 (bf16)
/// or 4 (int8). Nothing refers to the weights they were made of.
package struct PackedWeights: Sendable {
  /// How panels are kept, which decides the kernel that reads them.
  enum Storage: Sendable {
    case f32, f16, bf16
    /// bf16 that rows in bf16 are multiplied with.
    case bf16Pairs
    case int8
  }

  /// Columns of the product: outputs.
  let columns: Int
  /// Inputs of each.
  let inner: Int
  let storage: Storage
  private let panels: SharedWeights
  // int8 only.
  private let scales: [Float]
  private let sums: [Int32]

  /// Packs the rows of `parts`, one part after the other, each `[its outputs, inner]`.
  ///
  /// With `isFilled` false nothing is read or written: zeros, for a model that is only checked.
  /// Throws `.outOfMemory`.
  package init(
    _ parts: [SharedWeights], inner: Int, precision: Precision, table: KernelTable,
    isFilled: Bool = true
  ) throws(KernelsError) {
    precondition(inner > 0 && parts.allSatisfy { $0.count > 0 && $0.count % inner == 0 })
    let rows = WeightRows(parts, inner: inner)
    let columns = rows.count
    let storage = Self.storage(precision, rows.type)
    let panels = try SharedWeights.floats(
      count: (Self.byteCount(columns: columns, inner: inner, storage) + 3) / 4)
    let codes = storage == .int8 ? columns : 0
    var scales = [Float](repeating: 0, count: codes)
    var sums = [Int32](repeating: 0, count: codes)
    if isFilled {
      scales.withUnsafeMutableBufferPointer { scales in
        sums.withUnsafeMutableBufferPointer { sums in
          Self.pack(
            rows, storage, into: UnsafeMutableRawPointer(mutating: panels.address),
            scales.baseAddress, sums.baseAddress, table)
        }
      }
    }
    self.columns = columns
    self.inner = inner
    self.storage = storage
    self.panels = panels
    self.scales = scales
    self.sums = sums
  }

  /// Fills the panels, on as many threads as there are processors: a start waits for it.
  private static func pack(
    _ rows: WeightRows, _ storage: Storage, into target: UnsafeMutableRawPointer,
    _ scales: UnsafeMutablePointer<Float>?, _ sums: UnsafeMutablePointer<Int32>?,
    _ table: KernelTable
  ) {
    // Each iteration writes a panel of its own, and the scales and sums of its own columns.
    nonisolated(unsafe) let (target, scales, sums) = (target, scales, sums)
    let panels = (rows.count + panelColumns - 1) / panelColumns
    DispatchQueue.concurrentPerform(iterations: panels) { index in
      let first = index * panelColumns
      let panel = first..<min(first + panelColumns, rows.count)
      let packer = PanelPacker(storage, inner: rows.inner, table: table)
      packer.pack(
        rows, panel, into: target + byteCount(columns: first, inner: rows.inner, storage), scales,
        sums)
    }
  }

  static let panelColumns = Int(CK_PANEL)

  private static func storage(_ precision: Precision, _ type: ElementType) -> Storage {
    switch precision {
    case .f32:
      switch type {
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      }
    case .bf16: .bf16Pairs
    case .int8: .int8
    }
  }

  private static func byteCount(columns: Int, inner: Int, _ storage: Storage) -> Int {
    let columns = (columns + 15) / 16 * 16
    return switch storage {
    case .f32: columns * inner * 4
    case .f16: columns * inner * 2
    case .bf16, .bf16Pairs: columns * ((inner + 1) / 2 * 2) * 2
    case .int8: columns * ((inner + 3) / 4 * 4)
    }
  }

  /// Bytes of the panels.
  package var byteCount: Int { Self.byteCount(columns: columns, inner: inner, storage) }

  /// Panels, each of `panelColumns` columns but the last.
  var panelCount: Int { (columns + Self.panelColumns - 1) / Self.panelColumns }

  /// Calls `body` with what the kernels take of some columns, which begin at a panel: valid during
  /// the call.
  func withPacked(
    _ part: Range<Int>, bias: [Float]?, _ body: (UnsafePointer<ck_packed>) -> Void
  ) {
    precondition(part.lowerBound % Self.panelColumns == 0 && part.upperBound <= columns)
    let first = part.lowerBound
    func call(_ bias: UnsafePointer<Float>?) {
      scales.withUnsafeBufferPointer { scales in
        sums.withUnsafeBufferPointer { sums in
          var packed = ck_packed(
            panels: panels.address + Self.byteCount(columns: first, inner: inner, storage),
            bias: bias.map { $0 + first }, scales: scales.baseAddress.map { $0 + first },
            sums: sums.baseAddress.map { $0 + first }, columns: part.count, inner: inner)
          body(&packed)
        }
      }
    }
    guard let bias else { return call(nil) }
    bias.withUnsafeBufferPointer { call($0.baseAddress) }
  }
}

/// Several weights `[…, inner]`, read as the rows of one.
private struct WeightRows: Sendable {
  let parts: [SharedWeights]
  let inner: Int
  let count: Int
  /// That of all parts, or f32 where they differ.
  let type: ElementType

  init(_ parts: [SharedWeights], inner: Int) {
    self.parts = parts
    self.inner = inner
    count = parts.reduce(0) { $0 + $1.count / inner }
    let types = parts.map(\.type)
    type = types.allSatisfy { $0 == types[0] } ? types[0] : .f32
  }

  /// Calls `body` with each stretch of `rows` that lies in one part: the part, its elements, and
  /// the index of the first among `rows`.
  func forEachStretch(
    of rows: Range<Int>, _ body: (SharedWeights, Range<Int>, Int) -> Void
  ) {
    var start = 0
    for part in parts {
      let own = start..<start + part.count / inner
      let shared = own.clamped(to: rows)
      if !shared.isEmpty {
        let elements = (shared.lowerBound - start) * inner..<(shared.upperBound - start) * inner
        body(part, elements, shared.lowerBound - rows.lowerBound)
      }
      start = own.upperBound
    }
  }
}

/// Makes panels of one storage. Holds the rows of one panel, at most 64 · inner elements.
private struct PanelPacker {
  private let storage: PackedWeights.Storage
  private let inner: Int
  private let table: KernelTable
  private let rows: FloatRows
  private let halves: FloatRows

  init(_ storage: PackedWeights.Storage, inner: Int, table: KernelTable) {
    self.storage = storage
    self.inner = inner
    self.table = table
    let count = PackedWeights.panelColumns * inner
    rows = FloatRows(count: count)
    halves = FloatRows(count: (count + 1) / 2)
  }

  /// `scales` and `sums` are those of all columns; int8 only.
  func pack(
    _ all: WeightRows, _ panel: Range<Int>, into target: UnsafeMutableRawPointer,
    _ scales: UnsafeMutablePointer<Float>?, _ sums: UnsafeMutablePointer<Int32>?
  ) {
    let functions = table.functions
    switch storage {
    case .f32:
      widen(all, panel)
      functions.pointee.pack_f32(
        target.assumingMemoryBound(to: Float.self), rows.address, panel.count, inner)
    case .f16:
      functions.pointee.pack_f16(
        target.assumingMemoryBound(to: UInt16.self), collect(all, panel), panel.count, inner)
    case .bf16:
      functions.pointee.pack_bf16(
        target.assumingMemoryBound(to: UInt16.self), collect(all, panel), panel.count, inner)
    case .bf16Pairs:
      functions.pointee.pack_bf16(
        target.assumingMemoryBound(to: UInt16.self), rounded(all, panel), panel.count, inner)
    case .int8:
      widen(all, panel)
      guard let scales, let sums else { return }
      functions.pointee.pack_int8(
        target.assumingMemoryBound(to: Int8.self), scales + panel.lowerBound,
        sums + panel.lowerBound, rows.address, panel.count, inner)
    }
  }

  private func widen(_ all: WeightRows, _ panel: Range<Int>) {
    all.forEachStretch(of: panel) { part, elements, row in
      part.widen(elements, into: rows.address + row * inner, table)
    }
  }

  /// The rows of a panel as they are stored, in 16 bits.
  private func collect(_ all: WeightRows, _ panel: Range<Int>) -> UnsafePointer<UInt16> {
    all.forEachStretch(of: panel) { part, elements, row in
      (halves.halves + row * inner)
        .update(from: part.halves + elements.lowerBound, count: elements.count)
    }
    return UnsafePointer(halves.halves)
  }

  /// The rows of a panel rounded to bf16.
  private func rounded(_ all: WeightRows, _ panel: Range<Int>) -> UnsafePointer<UInt16> {
    guard all.type != .bf16 else { return collect(all, panel) }
    widen(all, panel)
    let count = panel.count * inner
    table.functions.pointee.f32_to_bf16(halves.halves, count, rows.address, count, 1, count)
    return UnsafePointer(halves.halves)
  }
}

/// Working memory of a packer.
private final class FloatRows {
  let address: UnsafeMutablePointer<Float>

  init(count: Int) { address = .allocate(capacity: count) }
  deinit { address.deallocate() }

  var halves: UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(address).assumingMemoryBound(to: UInt16.self)
  }
}
