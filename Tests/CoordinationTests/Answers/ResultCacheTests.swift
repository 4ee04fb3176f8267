import Coordination
import Testing

@Suite("Finished answers that are kept")
struct ResultCacheTests {
  @Test("are found by their whole key")
  func found() {
    var cache = ResultCache<String, Int>(byteCountMax: 800)
    cache.put(1, for: "a", byteCount: 10)
    #expect(cache.value(for: "a") == 1 && cache.value(for: "b") == nil)
    #expect(cache.hits == 1 && cache.misses == 1 && cache.byteCount == 10)
  }

  @Test("go when they were not asked for longest")
  func oldest() {
    var cache = ResultCache<Int, Int>(byteCountMax: 800)
    for key in 0..<8 { cache.put(key, for: key, byteCount: 100) }
    _ = cache.value(for: 0)
    cache.put(8, for: 8, byteCount: 100)
    #expect(cache.value(for: 1) == nil)
    #expect(cache.value(for: 0) == 0 && cache.value(for: 8) == 8)
    #expect(cache.count == 8 && cache.byteCount == 800)
  }

  @Test("are replaced, and counted once")
  func replaced() {
    var cache = ResultCache<Int, Int>(byteCountMax: 800)
    cache.put(1, for: 1, byteCount: 100)
    cache.put(2, for: 1, byteCount: 50)
    #expect(cache.value(for: 1) == 2 && cache.byteCount == 50 && cache.count == 1)
  }

  @Test("are not kept where one would take an eighth of the room, or there is none")
  func tooLarge() {
    var cache = ResultCache<Int, Int>(byteCountMax: 800)
    cache.put(1, for: 1, byteCount: 101)
    #expect(cache.count == 0 && cache.isOn)
    var none = ResultCache<Int, Int>(byteCountMax: 0)
    none.put(1, for: 1, byteCount: 0)
    #expect(none.value(for: 1) == nil && !none.isOn && none.misses == 0)
  }

  @Test("take no more room the oftener one is asked for")
  func mentions() {
    var cache = ResultCache<Int, Int>(byteCountMax: 800)
    for key in 0..<4 { cache.put(key, for: key, byteCount: 100) }
    for turn in 0..<10_000 { _ = cache.value(for: turn % 3) }
    #expect(cache.mentionCount <= 2 * 4 + 64)
    for key in 4..<9 { cache.put(key, for: key, byteCount: 100) }
    // The one that was never asked for went first.
    #expect(cache.value(for: 3) == nil)
    #expect(cache.value(for: 2) == 2)
  }
}
