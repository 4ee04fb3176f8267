/// The 256 characters that stand for bytes in byte-level vocabularies.
enum ByteLevelAlphabet {
  /// The UTF-8 of the character of each byte.
  static let spellings: [[UInt8]] = {
    var next: UInt32 = 256
    return (0..<256).map { (byte: UInt32) in
      let isItself =
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      var code = byte
      if !isItself {
        code = next
        next += 1
      }
      if code < 0x80 { return [UInt8(code)] }
      return [UInt8(0xC0 | code >> 6), UInt8(0x80 | code & 0x3F)]
    }
  }()
}

/// The tokens that stand for bytes in vocabularies of SentencePiece.
enum ByteFallback {
  /// `<0x0A>`
  static func spelling(_ byte: UInt8) -> [UInt8] {
    let digits = String(byte, radix: 16, uppercase: true)
    return Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
  }
}
