/// The element types that models can compute with. All are little-endian in files.
package enum TensorType: String, Sendable, Equatable {
  /// IEEE 754 binary32.
  case f32 = "F32"
  /// IEEE 754 binary16.
  case f16 = "F16"
  /// The upper half of a binary32.
  case bf16 = "BF16"

  /// Size of an element in bytes.
  package var byteCount: Int { self == .f32 ? 4 : 2 }
}

/// Where a tensor lies and how it is to be read. Row-major, the last dimension contiguous.
package struct TensorDescriptor: Sendable, Equatable {
  /// The name in the file.
  package var name: String
  /// The element type.
  package var type: TensorType
  /// The dimensions, outermost first; empty for a scalar. No product of them overflows.
  package var shape: [Int]
  /// Start of the data, in bytes from the start of the file.
  package var byteOffset: Int
  /// Length of the data in bytes: the number of elements × the size of one.
  package var byteCount: Int
  /// The path of the file.
  package var file: String
  /// The position of the file in its store.
  var fileIndex: Int

  /// The number of elements.
  package var elementCount: Int { byteCount / type.byteCount }
}

/// Name, type and shape of a tensor of any type, also of those that no model can read.
package struct TensorSummary: Sendable, Equatable {
  /// The name in the file.
  package var name: String
  /// The type as the file spells it: `F32`, `I64`, …
  package var type: String
  /// The dimensions, outermost first.
  package var shape: [Int]
  /// The number of elements.
  package var elementCount: Int

  /// Makes a summary; `elementCount` is the product of `shape`, which must not overflow.
  package init(name: String, type: String, shape: [Int]) {
    self.name = name
    self.type = type
    self.shape = shape
    elementCount = shape.reduce(1, *)
  }

  /// Whether the elements are of a floating-point type: parameters rather than indices.
  package var isFloatingPoint: Bool {
    type.hasPrefix("F") || type.hasPrefix("BF")
  }
}
