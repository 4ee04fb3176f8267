import CommandSupport
import Testing

@Suite("Progress")
struct ProgressTests {
  private let start = ContinuousClock.now

  @Test("short work shows nothing")
  func short() {
    var progress = Progress(byteCount: 100, now: start)
    #expect(progress.update(inputCount: 5, endByte: 50, now: start + .milliseconds(999)) == nil)
    #expect(progress.clear() == nil)
  }

  @Test("long work shows a bar where the length is known, and not too often")
  func long() {
    var progress = Progress(byteCount: 200, now: start)
    let line = progress.update(inputCount: 5_000, endByte: 100, now: start + .seconds(2))
    #expect(line == "\r\u{1B}[K▕██████████          ▏ 50 %  5,000 inputs, 2500/s")
    let next = start + .seconds(2) + .milliseconds(99)
    #expect(progress.update(inputCount: 5_100, endByte: 101, now: next) == nil)
    #expect(
      progress.update(inputCount: 5_200, endByte: 102, now: next + .milliseconds(1)) != nil)
  }

  @Test("without a length it counts")
  func unknownLength() {
    var progress = Progress(byteCount: nil, now: start)
    let line = progress.update(inputCount: 30, endByte: 100, now: start + .seconds(3))
    #expect(line == "\r\u{1B}[K30 inputs, 10/s")
  }

  @Test("the line is cleared once")
  func clear() {
    var progress = Progress(byteCount: nil, now: start)
    _ = progress.update(inputCount: 1, endByte: 1, now: start + .seconds(1))
    #expect(progress.clear() == "\r\u{1B}[K")
    #expect(progress.clear() == nil)
  }
}
