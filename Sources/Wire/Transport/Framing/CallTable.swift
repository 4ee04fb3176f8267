/// What belongs to each open call of a connection, by the call's id: open addressing, as ids are all
/// different, mostly rise one by one, and need no hash that withstands an attack. At most half of the
/// places are in use, and ids are spread by their bits' product with a constant (Fibonacci hashing:
/// Knuth 6.4), so a search is short.
package struct CallTable<Element> {
  // Inlinable, as the modules that use it are to have code for their own elements.
  @usableFromInline var keys: [UInt64] = []
  @usableFromInline var elements: [Element?] = []
  @inlinable package var count: Int { used }
  @usableFromInline var used = 0

  @inlinable package init() {}

  @inlinable package var isEmpty: Bool { used == 0 }

  /// The ids, in no order.
  @inlinable package var ids: [UInt64] {
    elements.indices.compactMap { elements[$0] == nil ? nil : keys[$0] }
  }

  /// Whether the condition holds for one of the elements.
  @inlinable package func contains(where condition: (Element) -> Bool) -> Bool {
    elements.contains { $0.map(condition) ?? false }
  }

  /// The element of an id; nil where there is none.
  @inlinable package subscript(id: UInt64) -> Element? {
    get { place(of: id).flatMap { elements[$0] } }
    set {
      guard let newValue else {
        removeValue(forKey: id)
        return
      }
      if let place = place(of: id) {
        elements[place] = newValue
      } else {
        insert(newValue, id)
      }
    }
  }

  /// Changes the element of an id in place.
  @inlinable package mutating func update(_ id: UInt64, _ change: (inout Element) -> Void) {
    guard let place = place(of: id), var element = elements[place].take() else { return }
    change(&element)
    elements[place] = element
  }

  @discardableResult
  @inlinable package mutating func removeValue(forKey id: UInt64) -> Element? {
    guard let place = place(of: id), let element = elements[place].take() else { return nil }
    used -= 1
    close(place)
    return element
  }

  @inlinable package mutating func removeAll() {
    self = CallTable()
  }

  @inlinable func home(_ id: UInt64) -> Int {
    Int(truncatingIfNeeded: (id &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
  }

  @inlinable func place(of id: UInt64) -> Int? {
    guard used > 0 else { return nil }
    var place = home(id)
    while elements[place] != nil {
      if keys[place] == id { return place }
      place = (place + 1) & (keys.count - 1)
    }
    return nil
  }

  /// - Precondition: the id has no element.
  @inlinable mutating func insert(_ element: Element, _ id: UInt64) {
    if (used + 1) * 2 > keys.count { grow() }
    var place = home(id)
    while elements[place] != nil { place = (place + 1) & (keys.count - 1) }
    keys[place] = id
    elements[place] = element
    used += 1
  }

  /// Moves up what stood behind a place that has become free, so that searches need no marks of what
  /// once was there.
  @inlinable mutating func close(_ freed: Int) {
    var hole = freed
    var place = (hole + 1) & (keys.count - 1)
    while elements[place] != nil {
      let distance = (place - home(keys[place])) & (keys.count - 1)
      if distance >= (place - hole) & (keys.count - 1) {
        keys[hole] = keys[place]
        elements.swapAt(hole, place)
        hole = place
      }
      place = (place + 1) & (keys.count - 1)
    }
  }

  @inlinable mutating func grow() {
    let old = zip(keys, elements)
    let capacity = max(8, keys.count * 2)
    keys = Array(repeating: 0, count: capacity)
    elements = Array(repeating: nil, count: capacity)
    used = 0
    for case (let key, let element?) in old { insert(element, key) }
  }
}

extension CallTable: Sendable where Element: Sendable {}
