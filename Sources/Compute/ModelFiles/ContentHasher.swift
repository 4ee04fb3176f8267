internal import CXXHash

/// XXH3 with 128 bits over bytes that come in pieces.
///
/// It runs at the speed of memory and detects every accidental change. It does not withstand
/// forgery: equal hashes say nothing about files that someone made to collide.
@safe struct ContentHasher: ~Copyable {
  private let state: OpaquePointer

  init() {
    guard let state = unsafe XXH3_createState() else {
      preconditionFailure("no memory for a hash state of 576 bytes")
    }
    unsafe self.state = state
    unsafe XXH3_128bits_reset(state)
  }

  deinit {
    unsafe XXH3_freeState(state)
  }

  /// Appends `bytes` to what is hashed.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // The result can report only a NULL pointer, which is an empty buffer here.
    if let start = bytes.baseAddress {
      unsafe _ = XXH3_128bits_update(state, start, bytes.count)
    }
  }

  /// Appends the length of `bytes`, then `bytes`: what is hashed tells where each field ends.
  mutating func field(_ bytes: [UInt8]) {
    unsafe withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { unsafe update($0) }
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// The hash of everything so far: 32 hexadecimal digits, in the order of `xxhsum -H2`.
  func digest() -> String {
    let hash = unsafe XXH3_128bits_digest(state)
    return hexadecimal(hash.high64) + hexadecimal(hash.low64)
  }
}

/// 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
