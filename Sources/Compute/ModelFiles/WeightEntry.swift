/// A tensor in a file's table of contents, of any type.
struct WeightEntry: Sendable {
  /// Name, type and shape.
  var summary: TensorSummary
  /// Start of the data, in bytes from the start of the file.
  var byteOffset: Int
  /// Length of the data in bytes.
  var byteCount: Int

  /// The type of its elements. Throws `.unsupported` naming `path` where no model can read them.
  func floatType(path: String) throws(ModelFilesError) -> TensorType {
    guard let type = TensorType(rawValue: summary.type) else {
      throw ModelFilesError(
        .unsupported,
        "\(path): tensor \(summary.name.quotedForMessage) has the type \(summary.type); only "
          + "F32, F16 and BF16 can be read")
    }
    return type
  }
}

extension TensorType {
  /// The element at `index` of little-endian `bytes`, which float32 holds exactly.
  func float(_ bytes: RawSpan, at index: Int) -> Float {
    switch self {
    case .f32:
      let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
      return Float(bitPattern: UInt32(littleEndian: bits))
    case .bf16:
      let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
      return Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
    case .f16:
      let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
      return Float(Float16(bitPattern: UInt16(littleEndian: bits)))
    }
  }
}

extension RawSpan {
  /// Whether the bytes begin with `prefix`.
  func hasPrefix(_ prefix: [UInt8]) -> Bool {
    byteCount >= prefix.count && extracting(..<prefix.count).copied() == prefix
  }

  /// The bytes as an array.
  func copied() -> [UInt8] {
    unsafe withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
