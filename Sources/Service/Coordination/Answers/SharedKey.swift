internal import NIOCore
internal import Wire

/// What calls, or inputs, must have in common to have the same answer, beside the model.
struct SharedKey: Hashable, Sendable {
  var method: Method
  var pin: String
  var isInput: Bool
  var bytes: ByteBuffer
  /// Of everything above but the pin; equal keys have equal ones.
  let digest: UInt64

  init(method: Method, pin: String, isInput: Bool, bytes: ByteBuffer) {
    self.method = method
    self.pin = pin
    self.isInput = isInput
    self.bytes = bytes
    let seed = UInt64(method.rawValue) << 1 | (isInput ? 1 : 0)
    digest = bytes.withUnsafeReadableBytes { Self.digest($0, seed: seed) }
  }

  /// About what it takes in memory.
  var byteCount: Int { bytes.readableBytes + pin.utf8.count + 64 }

  func hash(into hasher: inout Hasher) {
    hasher.combine(digest)
    hasher.combine(pin)
  }

  /// Eight bytes at a time by multiplication and folding (as wyhash does, Wang Yi 2019). Whoever
  /// makes two texts of one digest on purpose gains nothing: keys are compared byte by byte.
  private static func digest(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = seed &+ UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while offset + 8 <= bytes.count {
      hash = fold(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    return fold(hash ^ rest)
  }

  private static func fold(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return product.high ^ product.low
  }
}

/// The open call or unit for each shared key. Two different keys of one digest do not share: the later
/// one is not found, and computed for itself.
struct SharedTable<Value> {
  private var entries: [UInt64: (key: SharedKey, value: Value)] = [:]

  func value(for key: SharedKey) -> Value? {
    guard let found = entries[key.digest], found.key == key else { return nil }
    return found.value
  }

  mutating func put(_ value: Value, for key: SharedKey) {
    entries[key.digest] = (key, value)
  }

  mutating func remove(_ key: SharedKey, where isIt: (Value) -> Bool) {
    guard let place = entries.index(forKey: key.digest), isIt(entries[place].value.value) else {
      return
    }
    entries.remove(at: place)
  }
}
