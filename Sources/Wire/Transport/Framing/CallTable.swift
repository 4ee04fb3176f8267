/// What belongs to each open call of a connection, by the call's id: open addressing, as ids are all
/// different, mostly rise one by one, and need no hash that withstands an attack. At most half of the
/// places are in use, and ids are spread by their bits' product with a constant (Fibonacci hashing:
/// Knuth 6.4), so a search is short.
package struct CallTable<Element> {
  private var keys: [UInt64] = []
  private var elements: [Element?] = []
  package private(set) var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  /// The ids, in no order.
  package var ids: [UInt64] {
    elements.indices.compactMap { elements[$0] == nil ? nil : keys[$0] }
  }

  /// Whether the condition holds for one of the elements.
  package func contains(where condition: (Element) -> Bool) -> Bool {
    elements.contains { $0.map(condition) ?? false }
  }

  /// The element of an id; nil where there is none.
  package subscript(id: UInt64) -> Element? {
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
  package mutating func update(_ id: UInt64, _ change: (inout Element) -> Void) {
    guard let place = place(of: id), var element = elements[place].take() else { return }
    change(&element)
    elements[place] = element
  }

  @discardableResult
  package mutating func removeValue(forKey id: UInt64) -> Element? {
    guard let place = place(of: id), let element = elements[place].take() else { return nil }
    count -= 1
    close(place)
    return element
  }

  package mutating func removeAll() {
    self = CallTable()
  }

  private func home(_ id: UInt64) -> Int {
    Int(truncatingIfNeeded: (id &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
  }

  private func place(of id: UInt64) -> Int? {
    guard count > 0 else { return nil }
    var place = home(id)
    while elements[place] != nil {
      if keys[place] == id { return place }
      place = (place + 1) & (keys.count - 1)
    }
    return nil
  }

  /// - Precondition: the id has no element.
  private mutating func insert(_ element: Element, _ id: UInt64) {
    if (count + 1) * 2 > keys.count { grow() }
    var place = home(id)
    while elements[place] != nil { place = (place + 1) & (keys.count - 1) }
    keys[place] = id
    elements[place] = element
    count += 1
  }

  /// Moves up what stood behind a place that has become free, so that searches need no marks of what
  /// once was there.
  private mutating func close(_ freed: Int) {
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

  private mutating func grow() {
    let old = zip(keys, elements)
    let capacity = max(8, keys.count * 2)
    keys = Array(repeating: 0, count: capacity)
    elements = Array(repeating: nil, count: capacity)
    count = 0
    for case (let key, let element?) in old { insert(element, key) }
  }
}

extension CallTable: Sendable where Element: Sendable {}
