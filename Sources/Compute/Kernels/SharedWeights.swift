internal import CKernels

/// How elements of weights are stored. Arithmetic is always f32.
package enum ElementType: Sendable, Equatable {
  /// IEEE 754 binary32.
  case f32
  /// IEEE 754 binary16.
  case f16
  /// The upper half of a binary32.
  case bf16

  /// Size of an element in bytes.
  package var byteCount: Int { self == .f32 ? 4 : 2 }
}

/// Read-only weights in memory that something else owns, such as a mapped file, without a copy.
///
/// The owner is kept alive by every copy of this value.
package struct SharedWeights: Sendable {
  /// How the elements are stored.
  package let type: ElementType
  /// Number of elements.
  package let count: Int
  // Never written through, and valid as long as `owner` lives: `init` asks for that.
  nonisolated(unsafe) let address: UnsafeRawPointer
  let owner: any AnyObject & Sendable

  /// Weights in `bytes`, little-endian, which must stay where they are and unchanged for as long
  /// as `owner` lives, be aligned to the size of an element and not be empty.
  package init(_ bytes: RawSpan, of type: ElementType, keptAliveBy owner: any AnyObject & Sendable)
  {
    precondition(bytes.byteCount > 0 && bytes.byteCount % type.byteCount == 0)
    let address = bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("no memory behind weights") }
      return start
    }
    precondition(Int(bitPattern: address) % type.byteCount == 0, "weights are not aligned")
    self.type = type
    self.address = address
    self.owner = owner
    count = bytes.byteCount / type.byteCount
  }

  private init(_ storage: FloatStorage) {
    self.init(storage, of: .f32, count: storage.count)
  }

  private init(_ storage: FloatStorage, of type: ElementType, count: Int) {
    self.type = type
    self.count = count
    address = UnsafeRawPointer(storage.address)
    owner = storage
  }

  /// These weights as f32: themselves if they are, else a converted copy (exact), which costs
  /// four bytes an element for as long as it is used. Throws `.outOfMemory`.
  package func asFloats(_ table: KernelTable) throws(KernelsError) -> SharedWeights {
    guard type != .f32 else { return self }
    let storage = try FloatStorage(count: count)
    widen(0..<count, into: storage.address, table)
    return SharedWeights(storage)
  }

  /// Writes elements as f32 (exact): `elements.count` of them, from `target` on.
  func widen(_ elements: Range<Int>, into target: UnsafeMutablePointer<Float>, _ table: KernelTable)
  {
    precondition(elements.lowerBound >= 0 && elements.upperBound <= count)
    let start = elements.lowerBound
    switch type {
    case .f32: target.update(from: floats + start, count: elements.count)
    case .f16: table.functions.pointee.f16_to_f32(target, halves + start, elements.count)
    case .bf16: table.functions.pointee.bf16_to_f32(target, halves + start, elements.count)
    }
  }

  /// Adds elements to `target[0…]`, each rounded once.
  func add(_ elements: Range<Int>, to target: UnsafeMutablePointer<Float>, _ table: KernelTable) {
    precondition(elements.lowerBound >= 0 && elements.upperBound <= count)
    let start = elements.lowerBound
    switch type {
    case .f32: table.functions.pointee.add(target, floats + start, elements.count)
    case .f16: table.functions.pointee.add_f16(target, halves + start, elements.count)
    case .bf16: table.functions.pointee.add_bf16(target, halves + start, elements.count)
    }
  }

  /// `count` zeros that `fill` may write to before anyone reads them. Throws `.outOfMemory`.
  static func floats(
    count: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void = { _ in }
  ) throws(KernelsError) -> SharedWeights {
    let storage = try FloatStorage(count: count)
    fill(storage.address)
    return SharedWeights(storage)
  }

  /// These weights, `[rows, columns]`, with rows and columns exchanged: a copy in the same type.
  /// Throws `.outOfMemory`.
  package func transposed(rows: Int, columns: Int) throws(KernelsError) -> SharedWeights {
    precondition(rows * columns == count)
    let storage = try FloatStorage(count: (count * type.byteCount + 3) / 4)
    let target = UnsafeMutableRawPointer(storage.address)
    func transpose<Element: BitwiseCopyable>(_ element: Element.Type) {
      let source = address.assumingMemoryBound(to: Element.self)
      let result = target.assumingMemoryBound(to: Element.self)
      for row in 0..<rows {
        for column in 0..<columns { result[column * rows + row] = source[row * columns + column] }
      }
    }
    if type == .f32 { transpose(Float.self) } else { transpose(UInt16.self) }
    return SharedWeights(storage, of: type, count: count)
  }

  /// New rows in f32, each the sum of rows of these weights, `[…, columns]`, times a factor.
  /// Throws `.outOfMemory`.
  package func sums(
    _ terms: [[(row: Int, factor: Float)]], columns: Int, _ table: KernelTable
  ) throws(KernelsError) -> SharedWeights {
    precondition(!terms.isEmpty && terms.joined().allSatisfy { $0.row >= 0 })
    precondition(terms.joined().allSatisfy { ($0.row + 1) * columns <= count })
    var row = [Float](repeating: 0, count: columns)
    return try SharedWeights.floats(count: terms.count * columns) { out in
      for (index, terms) in terms.enumerated() {
        for term in terms {
          let start = term.row * columns
          widen(start..<start + columns, into: &row, table)
          table.functions.pointee.add_scaled(out + index * columns, row, term.factor, columns)
        }
      }
    }
  }

  /// A copy of little-endian `bytes`, for memory that will go away. Throws `.outOfMemory`.
  package static func copy(
    _ bytes: RawSpan, of type: ElementType
  ) throws(KernelsError) -> SharedWeights {
    let storage = try FloatStorage(count: (bytes.byteCount + 3) / 4)
    let target = UnsafeMutableRawBufferPointer(
      start: storage.address, count: bytes.byteCount)
    bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    return SharedWeights(UnsafeRawBufferPointer(target).bytes, of: type, keptAliveBy: storage)
  }

  /// The elements; only for weights of type `.f32`.
  var floats: UnsafePointer<Float> {
    precondition(type == .f32)
    return address.assumingMemoryBound(to: Float.self)
  }

  /// The elements; only for weights of a 16-bit type.
  var halves: UnsafePointer<UInt16> {
    precondition(type != .f32)
    return address.assumingMemoryBound(to: UInt16.self)
  }
}

/// Memory for a copy of weights, aligned to 64 bytes. Written once, before it is shared, and only
/// read from then on: that makes it safe to send.
private final class FloatStorage: @unchecked Sendable {
  private let matrix: Matrix

  init(count: Int) throws(KernelsError) {
    matrix = try Matrix(rows: 1, columns: max(count, 1))
  }

  var count: Int { matrix.columns }
  var address: UnsafeMutablePointer<Float> { matrix.base }
}
