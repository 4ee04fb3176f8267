/// A growing byte buffer with a single owner.
///
/// An array would check for sharing on every append, which costs more than the rest of the
/// normalizer's loop.
///
/// `@unchecked Sendable`: the memory belongs to this value alone (it is not copyable) and no
/// pointer to it leaves it, so moving the value to another thread moves everything.
struct ByteBuffer: ~Copyable, @unchecked Sendable {
  private var storage: UnsafeMutablePointer<UInt8>
  private(set) var capacity = 512
  private(set) var count = 0

  init() {
    storage = .allocate(capacity: capacity)
  }

  deinit {
    storage.deallocate()
  }

  /// Everything appended since the last `removeAll`.
  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let span = Span(_unsafeStart: UnsafePointer(storage), count: count)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  mutating func removeAll() {
    count = 0
  }

  /// Gives memory above `limit` bytes back; the content is lost.
  mutating func shrink(to limit: Int) {
    guard capacity > limit else { return }
    storage.deallocate()
    capacity = 512
    storage = .allocate(capacity: capacity)
    count = 0
  }

  /// Makes room, so that the next `additional` bytes are appended without a copy in between.
  @inline(__always)
  mutating func reserve(_ additional: Int) {
    if capacity - count < additional { grow(additional) }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    storage[count] = byte
    count += 1
  }

  /// Appends bytes `range` of `text`.
  @inline(__always)
  mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
    reserve(range.count)
    for index in range {
      storage[count] = text[index]
      count += 1
    }
  }

  /// Appends a code point as UTF-8. The code point is a Unicode scalar value.
  mutating func append(code: UInt32) {
    if code < 0x80 {
      append(UInt8(truncatingIfNeeded: code))
      return
    }
    if code < 0x800 {
      append(UInt8(truncatingIfNeeded: 0xC0 | code >> 6))
    } else {
      if code < 0x1_0000 {
        append(UInt8(truncatingIfNeeded: 0xE0 | code >> 12))
      } else {
        append(UInt8(truncatingIfNeeded: 0xF0 | code >> 18))
        append(UInt8(truncatingIfNeeded: 0x80 | code >> 12 & 0x3F))
      }
      append(UInt8(truncatingIfNeeded: 0x80 | code >> 6 & 0x3F))
    }
    append(UInt8(truncatingIfNeeded: 0x80 | code & 0x3F))
  }

  private mutating func grow(_ additional: Int) {
    let largerCapacity = max(capacity * 2, count + additional)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: largerCapacity)
    larger.initialize(from: storage, count: count)
    storage.deallocate()
    storage = larger
    capacity = largerCapacity
  }
}
