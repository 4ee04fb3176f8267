import Testing
import Transport

@Suite("What belongs to each open call")
struct CallTableTests {
  @Test("holds what a dictionary would, whatever is put in and taken out", arguments: 0..<20)
  func asDictionary(seed: Int) {
    var table = CallTable<Int>()
    var expected: [UInt64: Int] = [:]
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    // Few ids, so that they meet; some far apart, as callers need not count by one.
    for step in 0..<4_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let id = (state >> 33) % 97 &* (seed.isMultiple(of: 2) ? 1 : 0x1_0000_0001)
      switch (state >> 60) % 4 {
      case 0, 1:
        table[id] = step
        expected[id] = step
      case 2: #expect(table.removeValue(forKey: id) == expected.removeValue(forKey: id))
      default:
        table.update(id) { $0 += 1 }
        expected[id]? += 1
      }
      #expect(table[id] == expected[id])
    }
    #expect(table.count == expected.count)
    #expect(table.ids.sorted() == expected.keys.sorted())
    for (id, value) in expected { #expect(table[id] == value) }
  }

  @Test("empties")
  func removeAll() {
    var table = CallTable<Int>()
    for id in 0..<100 as Range<UInt64> { table[id] = 1 }
    table.removeAll()
    #expect(table.isEmpty)
    #expect(table[5] == nil)
    table[5] = 2
    #expect(table[5] == 2)
  }
}
