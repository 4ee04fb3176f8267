internal import Glibc

/// The command line's bytes as strings and back, without loss.
///
/// Arguments are bytes, the parser takes strings, and a string repairs what is not UTF-8. So each
/// byte that is not part of a well-formed sequence becomes a scalar of its own, U+10FF80…U+10FFFF,
/// at the end of the last private-use plane; these scalars themselves, should a caller really send
/// them, are taken apart in the same way, so that the mapping can be undone for every text.
package enum RawArguments {
  /// Added to a byte from 0x80 on gives the scalar that stands for it.
  private static let base: UInt32 = 0x10_FF00
  private static let standIns: ClosedRange<UInt32> = 0x10_FF80...0x10_FFFF

  /// The arguments of this process, the program's name left out.
  package static var current: [String] {
    currentBytes.dropFirst().map { string(of: $0) }
  }

  /// The arguments of this process as the system gave them, the program's name first.
  package static var currentBytes: [[UInt8]] {
    let arguments = UnsafeBufferPointer(
      start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
    return arguments.compactMap { argument in
      argument.map { pointer in
        Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
      }
    }
  }

  /// A string from which `bytes(of:)` gives the same bytes. UTF-8 stays as it is.
  package static func string(of bytes: [UInt8]) -> String {
    var scalars = String.UnicodeScalarView()
    var parser = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = 0
    while true {
      let end: Int
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        end = position + encoded.count
        let scalar = UTF8.decode(encoded)
        if standIns.contains(scalar.value) {
          appendStandIns(for: bytes[position..<end], to: &scalars)
        } else {
          scalars.append(scalar)
        }
      case .error(let length):
        end = position + length
        appendStandIns(for: bytes[position..<end], to: &scalars)
      case .emptyInput:
        return String(scalars)
      }
      position = end
    }
  }

  /// The bytes that `string(of:)` was made from.
  package static func bytes(of text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if standIns.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    return bytes
  }

  /// For messages and paths: the text with what is not UTF-8 repaired.
  package static func displayed(_ text: String) -> String {
    String(decoding: bytes(of: text), as: UTF8.self)
  }

  private static func appendStandIns(
    for bytes: ArraySlice<UInt8>, to scalars: inout String.UnicodeScalarView
  ) {
    for byte in bytes {
      guard let scalar = Unicode.Scalar(base + UInt32(byte)) else { continue }
      scalars.append(scalar)
    }
  }
}
