internal import CProtobufC

/// Bounded bump memory behind protobuf-c: one free for a whole message, and a message that wants
/// more than the bound fails to parse in place of growing the process.
///
/// Nothing that it hands out lives longer than the arena.
struct MessageArena: ~Copyable {
  private struct State {
    var chunk: UnsafeMutableRawPointer?
    var used: Int
    var capacity: Int
    var remaining: Int
    var isExhausted: Bool
    /// Memory that is not the arena's: most messages need no more.
    let lent: UnsafeMutableRawPointer?
  }

  private static let chunkHeaderByteCount = 16
  private static let chunkByteCountMin = 4 << 10
  private static let chunkByteCountMax = 1 << 20
  /// Bytes worth lending.
  static let lentByteCount = 4 << 10

  private let state: UnsafeMutablePointer<State>

  /// - Parameters:
  ///   - byteCountMax: bound of everything handed out together, in bytes.
  ///   - lent: memory aligned to 16 bytes that outlives the arena, for its state and the first that
  ///     is handed out; empty or at least 256 bytes.
  init(byteCountMax: Int, lent: UnsafeMutableRawBufferPointer? = nil) {
    let stateByteCount = (MemoryLayout<State>.size + 15) & ~15
    if let lent, let base = lent.baseAddress {
      state = base.bindMemory(to: State.self, capacity: 1)
      state.initialize(
        to: State(
          chunk: base, used: stateByteCount, capacity: lent.count, remaining: byteCountMax,
          isExhausted: false, lent: base))
    } else {
      state = .allocate(capacity: 1)
      state.initialize(
        to: State(
          chunk: nil, used: 0, capacity: 0, remaining: byteCountMax, isExhausted: false, lent: nil))
    }
  }

  deinit {
    let lent = state.pointee.lent
    var chunk = state.pointee.chunk
    while let current = chunk, current != lent {
      chunk = current.load(as: UnsafeMutableRawPointer?.self)
      current.deallocate()
    }
    if lent == nil { state.deallocate() }
  }

  /// Whether a request was refused for the bound.
  var isExhausted: Bool { state.pointee.isExhausted }

  /// Memory aligned to 16 bytes, not cleared, or nil past the bound.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    Self.allocate(state, byteCount)
  }

  /// The allocator that protobuf-c unpacks into; valid while the arena lives.
  var allocator: ProtobufCAllocator {
    ProtobufCAllocator(
      alloc: { data, size in
        guard let data else { return nil }
        return MessageArena.allocate(data.assumingMemoryBound(to: State.self), Int(clamping: size))
      },
      free: { _, _ in },
      allocator_data: UnsafeMutableRawPointer(state))
  }

  private static func allocate(
    _ state: UnsafeMutablePointer<State>, _ byteCount: Int
  ) -> UnsafeMutableRawPointer? {
    guard byteCount <= state.pointee.remaining - 15 else {
      state.pointee.isExhausted = true
      return nil
    }
    let rounded = max(16, (byteCount + 15) & ~15)
    state.pointee.remaining -= rounded
    if state.pointee.chunk == nil || state.pointee.capacity - state.pointee.used < rounded {
      addChunk(state, atLeast: rounded)
    }
    guard let chunk = state.pointee.chunk else { return nil }
    let memory = chunk + state.pointee.used
    state.pointee.used += rounded
    return memory
  }

  private static func addChunk(_ state: UnsafeMutablePointer<State>, atLeast byteCount: Int) {
    let grown = min(max(state.pointee.capacity * 2, chunkByteCountMin), chunkByteCountMax)
    let capacity = max(grown, byteCount + chunkHeaderByteCount)
    let chunk = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    chunk.storeBytes(of: state.pointee.chunk, as: UnsafeMutableRawPointer?.self)
    state.pointee.chunk = chunk
    state.pointee.used = chunkHeaderByteCount
    state.pointee.capacity = capacity
  }
}
