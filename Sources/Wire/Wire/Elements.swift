/// Numbers as the elements of a wire value: little-endian, of one type.
extension ElementType {
  /// Numbers as elements, each rounded to the nearest, ties to the even one. A zero keeps its sign,
  /// and what is too small for f16 becomes subnormal or zero.
  ///
  /// - Throws: INVALID_ARGUMENT, naming the number, for one that would round beyond the type's
  ///   range, and for NaN and infinity where the type is not f32.
  package func bytes(of numbers: ArraySlice<Float>) throws(Status) -> [UInt8] {
    let bytes: [UInt8]
    switch self {
    case .f32:
      bytes = Self.bytes(of: numbers, as: UInt32.self) { $0.littleEndian }
    case .f16:
      try check(numbers, below: 0x477f_f000)
      bytes = Self.bytes(of: numbers, as: UInt16.self) { Self.f16(rounding: $0).littleEndian }
    case .bf16:
      try check(numbers, below: 0x7f7f_8000)
      bytes = Self.bytes(of: numbers, as: UInt16.self) { bits in
        UInt16(truncatingIfNeeded: (bits + 0x7fff + ((bits >> 16) & 1)) >> 16).littleEndian
      }
    }
    return bytes
  }

  /// Elements as numbers, exactly. Bytes after the last whole element are left out.
  package func numbers(in bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { buffer in
      switch self {
      case .f32:
        Self.numbers(in: buffer, as: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
      case .f16:
        Self.numbers(in: buffer, as: UInt16.self) {
          Float(Float16(bitPattern: UInt16(littleEndian: $0)))
        }
      case .bf16:
        Self.numbers(in: buffer, as: UInt16.self) {
          Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)
        }
      }
    }
  }

  /// The type's name in messages.
  package var name: String {
    switch self {
    case .f32: "f32"
    case .f16: "f16"
    case .bf16: "bf16"
    }
  }

  /// - Parameter bound: the bits of the least magnitude that would round to infinity.
  private func check(_ numbers: ArraySlice<Float>, below bound: UInt32) throws(Status) {
    let isInside = numbers.withUnsafeBufferPointer { buffer in
      buffer.reduce(true) { $0 && $1.bitPattern & 0x7fff_ffff < bound }
    }
    guard !isInside, let culprit = numbers.first(where: { $0.bitPattern & 0x7fff_ffff >= bound })
    else { return }
    let largest = self == .f16 ? "65504" : "3.3895314e+38"
    throw Status(
      .invalidArgument,
      "the result holds \(culprit), and the largest \(name) is \(largest): ask for another "
        + "element type")
  }

  /// The f16 nearest to a finite number below 65520, both as bits.
  private static func f16(rounding bits: UInt32) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7fff_ffff
    guard magnitude >= 0x3880_0000 else {
      // Below 2^-14 the spacing is 2^-24, as that of numbers from 0.5 on: the sum rounds.
      let sum = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: sum.bitPattern - 0x3f00_0000)
    }
    let rounded = magnitude - 0x3800_0000 + 0xfff + ((magnitude >> 13) & 1)
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
  }

  @inline(__always)
  private static func bytes<Element: FixedWidthInteger>(
    of numbers: ArraySlice<Float>, as type: Element.Type, _ convert: (UInt32) -> Element
  ) -> [UInt8] {
    let size = MemoryLayout<Element>.size
    return [UInt8](unsafeUninitializedCapacity: numbers.count * size) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      numbers.withUnsafeBufferPointer { source in
        for index in source.indices {
          target.storeBytes(
            of: convert(source[index].bitPattern), toByteOffset: index * size, as: type)
        }
      }
      count = numbers.count * size
    }
  }

  @inline(__always)
  private static func numbers<Element: FixedWidthInteger>(
    in buffer: UnsafeRawBufferPointer, as type: Element.Type, _ convert: (Element) -> Float
  ) -> [Float] {
    let size = MemoryLayout<Element>.size
    return (0..<buffer.count / size).map { index in
      convert(buffer.loadUnaligned(fromByteOffset: index * size, as: type))
    }
  }
}
