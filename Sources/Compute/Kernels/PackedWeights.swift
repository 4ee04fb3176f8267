internal import CKernels
internal import Dispatch

/// What packed weights are made for: it decides their layout and size.
package struct PackedShape: Sendable, Equatable {
  /// How panels are kept, which decides the kernel that reads them.
  enum Storage: String, Sendable {
    case f32, f16, bf16
    /// bf16 that rows in bf16 are multiplied with.
    case bf16Pairs
    case int8
  }

  /// Raised with every change of a layout, or of how weights are rounded into it.
  package static let layoutVersion = 3
  static let panelColumns = Int(CK_PANEL)

  /// Columns of the product: outputs.
  package let columns: Int
  /// Inputs of each.
  package let inner: Int
  let storage: Storage

  /// The shape of `parts`, one after the other, each `[its outputs, inner]` or, for the shape of
  /// what they are when transposed, `[inner, its outputs]`.
  package init(_ parts: [SharedWeights], inner: Int, precision: Precision) {
    precondition(inner > 0 && parts.allSatisfy { $0.count > 0 && $0.count % inner == 0 })
    columns = parts.reduce(0) { $0 + $1.count / inner }
    self.inner = inner
    storage = Self.storage(precision, Self.type(of: parts))
  }

  /// That of all parts, or f32 where they differ.
  fileprivate static func type(of parts: [SharedWeights]) -> ElementType {
    parts.allSatisfy { $0.type == parts[0].type } ? parts[0].type : .f32
  }

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

  /// Bytes of the panels before `column`, which begins one or is the number of columns.
  func panelBytes(before column: Int) -> Int {
    let columns = (column + 15) / 16 * 16
    return switch storage {
    case .f32: columns * inner * 4
    case .f16: columns * inner * 2
    case .bf16, .bf16Pairs: columns * ((inner + 1) / 2 * 2) * 2
    case .int8: columns * ((inner + 3) / 4 * 4)
    }
  }

  /// Where the scales of the columns begin behind the panels; the sums follow them. int8 only.
  var scalesOffset: Int { (panelBytes(before: columns) + 63) / 64 * 64 }

  /// Bytes of all: panels of the elements as they are kept (4 for f32, 2 for 16-bit ones and bf16, 1
  /// for int8), with the columns of the last panel rounded up to 16 and the inner dimension to 2
  /// (bf16) or 4 (int8); for int8 eight more for each column. A multiple of 64.
  package var byteCount: Int {
    (scalesOffset + (storage == .int8 ? 8 * columns : 0) + 63) / 64 * 64
  }

  /// All of it as text.
  package var label: String { "\(storage.rawValue) \(columns)x\(inner)" }

  /// Panels, each of `panelColumns` columns but the last.
  var panelCount: Int { (columns + Self.panelColumns - 1) / Self.panelColumns }
}

/// Weights of a product, laid out once for the kernels that multiply with them; see `ck_packed`.
/// Nothing refers to the weights they were made of.
package struct PackedWeights: Sendable {
  let shape: PackedShape
  private let memory: SharedWeights

  /// Weights that were packed before, in `memory` of `shape.byteCount` bytes, on any processor.
  package init(_ shape: PackedShape, packed memory: SharedWeights) {
    precondition(memory.count * memory.type.byteCount == shape.byteCount)
    self.shape = shape
    self.memory = memory
  }

  /// Packs the rows of `parts`, one part after the other, into `memory` of `shape.byteCount` bytes,
  /// zeros, which may be written to and is shared with nobody yet.
  package init(
    _ parts: [SharedWeights], _ shape: PackedShape, into memory: SharedWeights,
    table: KernelTable
  ) {
    self.init(shape, packed: memory)
    let rows = WeightRows(parts, inner: shape.inner)
    precondition(rows.count == shape.columns)
    let target = UnsafeMutableRawPointer(mutating: memory.address)
    // Each iteration writes a panel of its own, and the scales and sums of its own columns.
    nonisolated(unsafe) let (panels, scales, sums) = (
      target, UnsafeMutablePointer(mutating: self.scales),
      UnsafeMutablePointer(mutating: self.sums)
    )
    // On as many threads as there are processors: a start waits for it.
    DispatchQueue.concurrentPerform(iterations: shape.panelCount) { index in
      let first = index * PackedShape.panelColumns
      let packer = PanelPacker(shape.storage, inner: shape.inner, table: table)
      packer.pack(
        rows, first..<min(first + PackedShape.panelColumns, shape.columns),
        into: panels + shape.panelBytes(before: first), scales, sums)
    }
  }

  /// Packs into memory of its own. With `isFilled` false nothing is read or written: zeros, for a
  /// model that is only checked. Throws `.outOfMemory`.
  package init(
    _ parts: [SharedWeights], inner: Int, precision: Precision, table: KernelTable,
    isFilled: Bool = true
  ) throws(KernelsError) {
    let shape = PackedShape(parts, inner: inner, precision: precision)
    let memory = try SharedWeights.floats(count: shape.byteCount / 4)
    if isFilled {
      self.init(parts, shape, into: memory, table: table)
    } else {
      self.init(shape, packed: memory)
    }
  }

  private var scales: UnsafePointer<Float>? {
    guard shape.storage == .int8 else { return nil }
    return (memory.address + shape.scalesOffset).assumingMemoryBound(to: Float.self)
  }

  private var sums: UnsafePointer<Float>? {
    guard shape.storage == .int8 else { return nil }
    return (memory.address + shape.scalesOffset + 4 * shape.columns)
      .assumingMemoryBound(to: Float.self)
  }

  /// Where a panel begins.
  func panel(_ index: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(memory.address)
      + shape.panelBytes(before: index * PackedShape.panelColumns)
  }

  /// Calls `body` with what the kernels take of some columns, which begin at a panel, and with the
  /// panel that is likely read next: valid during the call.
  func withPacked(
    _ part: Range<Int>, bias: [Float]?, next: UnsafeRawPointer?,
    _ body: (UnsafePointer<ck_packed>) -> Void
  ) {
    precondition(part.lowerBound % PackedShape.panelColumns == 0)
    precondition(part.upperBound <= shape.columns)
    let first = part.lowerBound
    func call(_ bias: UnsafePointer<Float>?) {
      var packed = ck_packed(
        panels: memory.address + shape.panelBytes(before: first), bias: bias.map { $0 + first },
        scales: scales.map { $0 + first }, sums: sums.map { $0 + first }, columns: part.count,
        inner: shape.inner, next: next)
      body(&packed)
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
    type = PackedShape.type(of: parts)
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
  private let storage: PackedShape.Storage
  private let inner: Int
  private let table: KernelTable
  private let rows: FloatRows
  private let halves: FloatRows

  init(_ storage: PackedShape.Storage, inner: Int, table: KernelTable) {
    self.storage = storage
    self.inner = inner
    self.table = table
    let count = PackedShape.panelColumns * inner
    rows = FloatRows(count: count)
    halves = FloatRows(count: (count + 1) / 2)
  }

  /// `scales` and `sums` are those of all columns; int8 only.
  func pack(
    _ all: WeightRows, _ panel: Range<Int>, into target: UnsafeMutableRawPointer,
    _ scales: UnsafeMutablePointer<Float>?, _ sums: UnsafeMutablePointer<Float>?
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
