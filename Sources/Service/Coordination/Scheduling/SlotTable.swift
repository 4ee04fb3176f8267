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

  /// The first place is no element's: ids of none find it.
  private var elements: [Element?] = [nil]
  /// Of each place, how many elements it had before.
  private var generations: [UInt32] = [1]
  private var free: [Int32] = []

  package init() {}

  package var count: Int { elements.count - free.count - 1 }

  package mutating func insert(_ element: Element) -> ID {
    if let index = free.popLast() {
      elements[Int(index)] = element
      return ID(index: index, generation: generations[Int(index)])
    }
    elements.append(element)
    generations.append(0)
    return ID(index: Int32(elements.count - 1), generation: 0)
  }

  @discardableResult
  package mutating func remove(_ id: ID) -> Element? {
    guard contains(id) else { return nil }
    let index = Int(id.index)
    let element = elements[index].take()
    generations[index] &+= 1
    free.append(id.index)
    return element
  }

  /// A place that is free has the generation of its next element, which has no id yet.
  @inline(__always)
  package func contains(_ id: ID) -> Bool {
    let index = Int(id.index)
    return index < generations.count && generations[index] == id.generation
  }

  /// The element, read and changed in place: a field of it is had without a copy of the others.
  package subscript(id: ID) -> Element? {
    @inline(__always)
    unsafeAddress { elements.address(of: contains(id) ? Int(id.index) : 0) }
    _modify {
      if contains(id) {
        yield &elements[Int(id.index)]
      } else {
        var nothing: Element?
        yield &nothing
      }
    }
  }

  /// The ids of all elements, in the order of their places.
  package var ids: [ID] { ids { _ in true } }

  /// The ids of the elements for which the condition holds, in the order of their places.
  package func ids(where condition: (Element) -> Bool) -> [ID] {
    var found: [ID] = []
    for index in elements.indices where elements[index].map(condition) ?? false {
      found.append(ID(index: Int32(index), generation: generations[index]))
    }
    return found
  }
}

extension SlotTable: Sendable where Element: Sendable {}

/// Elements by their numbers, which are used again, read and changed in place as in a `SlotTable`.
package struct NumberedTable<Element> {
  private var elements: [Element?] = []

  package init() {}

  package var indices: Range<Int> { elements.indices }
  package var count: Int { elements.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }

  /// - Returns: the least number that is free.
  package mutating func insert(_ element: Element) -> Int {
    let free = elements.firstIndex { $0 == nil } ?? elements.endIndex
    if free == elements.endIndex { elements.append(element) } else { elements[free] = element }
    return free
  }

  package mutating func remove(_ number: Int) {
    guard elements.indices.contains(number) else { return }
    elements[number] = nil
  }

  /// - Precondition: the number is of an element that is there or was.
  package subscript(number: Int) -> Element? {
    @inline(__always)
    unsafeAddress {
      precondition(elements.indices.contains(number))
      return elements.address(of: number)
    }
    _modify { yield &elements[number] }
  }
}

extension NumberedTable: Sendable where Element: Sendable {}

extension Array {
  /// Where the element is, as long as the array is not changed.
  ///
  /// Of 6.3 only an addressor reads a field of an element without a copy of all of it, which is a
  /// retain and a release for each array in it; `borrow` accessors will.
  @inline(__always)
  fileprivate func address(of index: Int) -> UnsafePointer<Element> {
    withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an empty array") }
      return base + index
    }
  }
}
