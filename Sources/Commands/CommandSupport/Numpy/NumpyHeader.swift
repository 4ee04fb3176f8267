package import MillpondClient

/// The first bytes of an .npy file of version 1.0 that holds a matrix, row after row.
///
/// It takes the same bytes whatever the shape, so that it can be written last.
package struct NumpyHeader: Sendable, Equatable {
  /// Bytes of every header.
  package static let byteCount = 128

  /// Elements little-endian: `.f32` or `.f16`.
  package let elementType: ElementType
  /// Inputs.
  package var rowCount: Int
  /// Dimensions.
  package var columnCount: Int

  /// - Throws: `.misuse` for an element type that the format does not have.
  package init(
    _ elementType: ElementType, rowCount: Int = 0, columnCount: Int = 0
  ) throws(CommandFailure) {
    guard elementType != .bf16 else {
      throw CommandFailure(
        .misuse, "--element-type bf16: .npy has no such type; f16 and f32 it has")
    }
    self.elementType = elementType
    self.rowCount = rowCount
    self.columnCount = columnCount
  }

  /// Bytes of an element.
  package var elementByteCount: Int { elementType == .f16 ? 2 : 4 }

  /// The header.
  package var bytes: [UInt8] {
    let type = elementType == .f16 ? "<f2" : "<f4"
    let text =
      "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(rowCount), \(columnCount)), }"
    // The magic, the version, and the length of what follows, little-endian.
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    let length = UInt16(Self.byteCount - bytes.count - 2)
    bytes += [UInt8(length & 0xff), UInt8(length >> 8)]
    bytes += text.utf8
    bytes += Array(repeating: 0x20, count: Self.byteCount - 1 - bytes.count)
    return bytes + [0x0a]
  }

  /// The elements of a row, which are rounded already.
  package func elements(_ row: [Float]) -> [UInt8] {
    row.flatMap { number -> [UInt8] in
      let bits = elementType == .f16 ? UInt32(Float16(number).bitPattern) : number.bitPattern
      return (0..<elementByteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
    }
  }
}
