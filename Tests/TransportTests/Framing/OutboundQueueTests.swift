import NIOCore
import Testing
import Transport

@Suite("Outbound queue")
struct OutboundQueueTests {
  /// A frame that carries its call and place.
  private func frame(_ call: UInt64, _ place: Int, byteCount: Int = 100) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(call)
    buffer.writeInteger(place)
    buffer.writeRepeatingByte(0, count: max(0, byteCount - 16))
    return buffer
  }

  private func pop(_ queue: inout OutboundQueue) -> (call: UInt64, place: Int)? {
    guard let frame = queue.popNext(),
      let call = frame.getInteger(at: 0, as: UInt64.self),
      let place = frame.getInteger(at: 8, as: Int.self)
    else { return nil }
    return (call, place)
  }

  @Test("small answers go before large ones that came earlier")
  func smallFirst() {
    var queue = OutboundQueue()
    for place in 0..<3 { queue.append(frame(1, place, byteCount: 100_000), callID: 1) }
    queue.append(frame(2, 0), callID: 2)
    queue.append(frame(3, 0), callID: 3)
    var order: [UInt64] = []
    while let next = pop(&queue) { order.append(next.call) }
    #expect(order == [2, 3, 1, 1, 1])
  }

  @Test("an answer of very many small frames is a large one")
  func manySmallFrames() {
    var queue = OutboundQueue()
    for place in 0..<10_000 { queue.append(frame(1, place, byteCount: 1_000), callID: 1) }
    queue.append(frame(2, 0), callID: 2)
    #expect(pop(&queue)?.call == 2)
    for place in 0..<10_000 { #expect(pop(&queue)?.place == place) }
    #expect(queue.popNext() == nil)
  }

  @Test("large answers take turns by call")
  func turns() {
    var queue = OutboundQueue()
    for call in 1...3 as ClosedRange<UInt64> {
      for place in 0..<2 { queue.append(frame(call, place, byteCount: 50_000), callID: call) }
    }
    var order: [UInt64] = []
    while let next = pop(&queue) { order.append(next.call) }
    #expect(order == [1, 2, 3, 1, 2, 3])
  }

  @Test("frames of no call go before all others, in order")
  func controlFirst() {
    var queue = OutboundQueue()
    queue.append(frame(5, 0), callID: 5)
    queue.append(frame(0, 0), callID: 0)
    queue.append(frame(0, 1, byteCount: 20_000), callID: 0)
    #expect(pop(&queue)?.place == 0)
    #expect(pop(&queue)?.place == 1)
    #expect(pop(&queue)?.call == 5)
  }

  @Test("it counts the bytes that wait, and what it costs to hold them")
  func byteCount() {
    var queue = OutboundQueue()
    #expect(queue.isEmpty)
    queue.append(ByteBuffer(), callID: 0)
    #expect(!queue.isEmpty)
    #expect(queue.byteCount == OutboundQueue.frameOverheadBytes)
    queue.append(frame(1, 0, byteCount: 500), callID: 1)
    #expect(queue.byteCount == 2 * OutboundQueue.frameOverheadBytes + 500)
    _ = queue.popNext()
    _ = queue.popNext()
    #expect(queue.byteCount == 0)
    #expect(queue.isEmpty)
  }

  @Test(
    "whatever comes and goes, frames of a call keep their order and none is lost", arguments: 0..<20
  )
  func order(seed: UInt64) {
    var generator = SplitMix(state: seed)
    var queue = OutboundQueue()
    var written: [UInt64: Int] = [:]
    var read: [UInt64: Int] = [:]
    func popOne() {
      guard let next = pop(&queue) else { return }
      #expect(next.place == read[next.call, default: 0])
      read[next.call, default: 0] += 1
    }
    for _ in 0..<2_000 {
      if Bool.random(using: &generator) {
        let call = UInt64.random(in: 0...6, using: &generator)
        let size = [16, 5_000, 16_384, 16_385, 60_000].randomElement(using: &generator) ?? 16
        queue.append(frame(call, written[call, default: 0], byteCount: size), callID: call)
        written[call, default: 0] += 1
      } else {
        popOne()
      }
    }
    while !queue.isEmpty { popOne() }
    #expect(read == written)
    #expect(queue.byteCount == 0)
  }
}

/// Numbers that look random and are the same in each run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
