internal import Glibc

/// Byte strings to be found in a text: at the leftmost place where one begins, the longest one.
/// Immutable once built.
struct ByteTrie: Sendable {
  /// A node; its edges ascend by byte.
  private struct Node {
    var bytes: [UInt8] = []
    var targets: [Int32] = []
    /// What the string that ends here stands for, or -1.
    var value: Int32 = -1
  }

  private var nodes = [Node()]
  /// Whether some string begins with a byte.
  private var isFirst = [Bool](repeating: false, count: 256)

  /// Adds a string, not empty, with a value of 0 or more. False, and nothing changed, if the same
  /// string is there already.
  mutating func insert(_ string: [UInt8], value: Int32) -> Bool {
    var node = 0
    for byte in string {
      let place = nodes[node].bytes.firstIndex { $0 >= byte } ?? nodes[node].bytes.count
      if place < nodes[node].bytes.count, nodes[node].bytes[place] == byte {
        node = Int(nodes[node].targets[place])
      } else {
        nodes.append(Node())
        nodes[node].bytes.insert(byte, at: place)
        nodes[node].targets.insert(Int32(nodes.count - 1), at: place)
        node = nodes.count - 1
      }
    }
    guard nodes[node].value < 0 else { return false }
    nodes[node].value = value
    if let first = string.first { isFirst[Int(first)] = true }
    return true
  }

  /// The first match that begins in `range`; it may end behind it.
  func firstMatch(
    in text: Span<UInt8>, beginningIn range: Range<Int>
  ) -> (range: Range<Int>, value: Int32)? {
    var start = range.lowerBound
    while let candidate = nextCandidate(in: text, start..<range.upperBound) {
      if let (end, value) = longestMatch(in: text, at: candidate) {
        return (candidate..<end, value)
      }
      start = candidate + 1
    }
    return nil
  }

  /// The first place in `range` with a byte that some string begins with.
  private func nextCandidate(in text: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return nil }
    if nodes[0].bytes.count == 1 {
      let wanted = Int32(nodes[0].bytes[0])
      return text.extracting(range).withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress, let found = memchr(base, wanted, bytes.count) else {
          return nil
        }
        return range.lowerBound + (UnsafeRawPointer(found) - base)
      }
    }
    let isFirst = self.isFirst.span
    for index in range where isFirst[Int(text[index])] { return index }
    return nil
  }

  private func longestMatch(in text: Span<UInt8>, at start: Int) -> (end: Int, value: Int32)? {
    var node = 0
    var index = start
    var best: (end: Int, value: Int32)?
    while index < text.count, let next = child(of: node, text[index]) {
      node = next
      index += 1
      if nodes[node].value >= 0 { best = (index, nodes[node].value) }
    }
    return best
  }

  private func child(of node: Int, _ byte: UInt8) -> Int? {
    var low = 0
    var high = nodes[node].bytes.count
    while low < high {
      let middle = (low + high) / 2
      if nodes[node].bytes[middle] < byte { low = middle + 1 } else { high = middle }
    }
    guard low < nodes[node].bytes.count, nodes[node].bytes[low] == byte else { return nil }
    return Int(nodes[node].targets[low])
  }
}
