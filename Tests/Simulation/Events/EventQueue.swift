internal import HeapModule

/// What is to happen, by virtual time; what is due at once comes in the order in which it was put.
package struct EventQueue<Event> {
  private struct Entry: Comparable {
    var time: Int64
    var order: UInt64
    var event: Event

    static func < (a: Entry, b: Entry) -> Bool { (a.time, a.order) < (b.time, b.order) }
    static func == (a: Entry, b: Entry) -> Bool { a.order == b.order }
  }

  private var heap = Heap<Entry>()
  private var nextOrder: UInt64 = 0

  package init() {}

  package var isEmpty: Bool { heap.isEmpty }
  package var count: Int { heap.count }
  package var nextTime: Int64? { heap.min?.time }

  package mutating func put(_ event: Event, at time: Int64) {
    heap.insert(Entry(time: time, order: nextOrder, event: event))
    nextOrder += 1
  }

  package mutating func next() -> (time: Int64, event: Event)? {
    heap.popMin().map { ($0.time, $0.event) }
  }
}
