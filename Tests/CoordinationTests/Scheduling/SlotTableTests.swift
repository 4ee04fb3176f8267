import Coordination
import Testing

@Suite("Elements under ids")
struct SlotTableTests {
  @Test("are found until they are removed, and their places are used again")
  func reuse() {
    var table = SlotTable<String>()
    let first = table.insert("a")
    let second = table.insert("b")
    #expect(table[first] == "a" && table[second] == "b" && table.count == 2)
    #expect(table.remove(first) == "a")
    #expect(table[first] == nil && !table.contains(first) && table.count == 1)
    let third = table.insert("c")
    #expect(third.place == first.place && third != first)
    #expect(table[first] == nil && table[third] == "c")
    #expect(table.remove(first) == nil && table.count == 2)
  }

  @Test("are changed in place, and what is gone is not")
  func change() {
    var table = SlotTable<[Int]>()
    let id = table.insert([1])
    table[id]?.append(2)
    #expect(table[id] == [1, 2])
    table.remove(id)
    table[id]?.append(3)
    table[id] = [9]
    #expect(table[id] == nil && table.count == 0)
  }

  @Test("are listed by place, those that meet a condition too")
  func list() {
    var table = SlotTable<Int>()
    let ids = (0..<5).map { table.insert($0) }
    table.remove(ids[2])
    #expect(table.ids == [ids[0], ids[1], ids[3], ids[4]])
    #expect(table.ids { $0 % 2 == 1 } == [ids[1], ids[3]])
    #expect(ids.sorted() == ids)
  }

  @Test("are copied with the table")
  func copies() {
    var table = SlotTable<Int>()
    let id = table.insert(1)
    let copy = table
    table[id] = 2
    #expect(copy[id] == 1 && table[id] == 2)
  }

  @Test("by number: the least free one is used again")
  func numbers() {
    var table = NumberedTable<String>()
    #expect(table.insert("a") == 0)
    #expect(table.insert("b") == 1)
    table.remove(0)
    #expect(table[0] == nil && table.count == 1 && table.indices == 0..<2)
    #expect(table.insert("c") == 0)
    table[1]?.append("!")
    #expect(table[0] == "c" && table[1] == "b!")
  }
}
