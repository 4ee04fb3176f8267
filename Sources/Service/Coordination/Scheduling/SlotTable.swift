/// Elements under ids that are small and never mean another element: an id of a removed one finds
/// nothing, also when its place is used again.
package struct SlotTable<Element> {
  /// Names one element, and no other after it.
  package struct ID: Hashable, Comparable, Sendable {
    fileprivate var index: Int32
    fileprivate var generation: UInt32

    /// Its place, which others may have before and after it: small numbers, for arrays beside.
    package var place: Int { Int(index) }

    package static func < (a: ID, b: ID) -> Bool {
      (a.index, a.generation) < (b.index, b.generation)
    }
  }

  fileprivate struct Slot {
    var generation: UInt32
    var element: Element?
  }

  private var slots: [Slot] = []
  private var free: [Int32] = []

  package init() {}

  package var count: Int { slots.count - free.count }

  package mutating func insert(_ element: Element) -> ID {
    if let index = free.popLast() {
      slots[Int(index)].element = element
      return ID(index: index, generation: slots[Int(index)].generation)
    }
    slots.append(Slot(generation: 0, element: element))
    return ID(index: Int32(slots.count - 1), generation: 0)
  }

  @discardableResult
  package mutating func remove(_ id: ID) -> Element? {
    guard contains(id) else { return nil }
    let index = Int(id.index)
    let element = slots[index].element.take()
    slots[index].generation &+= 1
    free.append(id.index)
    return element
  }

  package func contains(_ id: ID) -> Bool {
    let index = Int(id.index)
    return index < slots.count && slots[index].generation == id.generation
      && slots[index].element != nil
  }

  /// The element, changed in place.
  package subscript(id: ID) -> Element? {
    get { contains(id) ? slots[Int(id.index)].element : nil }
    _modify {
      if contains(id) {
        yield &slots[Int(id.index)].element
      } else {
        var nothing: Element?
        yield &nothing
      }
    }
  }

  /// The ids of all elements, in the order of their places.
  package var ids: [ID] {
    slots.indices.compactMap { index in
      slots[index].element == nil
        ? nil : ID(index: Int32(index), generation: slots[index].generation)
    }
  }

  /// The ids of the elements for which the condition holds.
  package func ids(where condition: (Element) -> Bool) -> [ID] {
    var found: [ID] = []
    for index in slots.indices {
      guard let element = slots[index].element, condition(element) else { continue }
      found.append(ID(index: Int32(index), generation: slots[index].generation))
    }
    return found
  }
}

extension SlotTable: Sendable where Element: Sendable {}
extension SlotTable.Slot: Sendable where Element: Sendable {}
