import Glibc
import JSON
import Testing
import Tokenization

/// Files of the repository that the tests read, found from this file's own path.
enum Fixture {
  /// A file could not be read.
  struct Missing: Error, CustomStringConvertible {
    var description: String
  }

  /// The repository's root.
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(4).joined(separator: "/")

  /// The bytes of a file, by its path from the repository's root or behind another `root`.
  static func bytes(_ path: String, root: String = "\(Fixture.root)/") throws -> [UInt8] {
    guard let file = fopen(root + path, "rb") else {
      throw Missing(description: "\(root)\(path) is missing: `make test` fetches or makes it")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&block, 1, block.count, file)
      if count == 0 { return bytes }
      bytes += block[..<count]
    }
  }

  /// The parsed lines of a file of one JSON value a line.
  static func jsonLines(
    _ path: String, root: String = "\(Fixture.root)/"
  ) throws -> [JSON] {
    try bytes(path, root: root).split(separator: UInt8(ascii: "\n")).map {
      try JSON.parse(Array($0))
    }
  }

  /// The tokenizer of the default model, read once.
  static func miniLM() throws -> Tokenizer { try miniLMResult.get() }

  private static let miniLMResult = Result {
    let path = "Models/all-MiniLM-L6-v2/tokenizer.json"
    return try Tokenizer(JSON.parse(bytes(path)), fileName: "tokenizer.json")
  }
}

extension JSON {
  /// The numbers of an array.
  var ids: [Int32] { elements.compactMap { $0.int.map(Int32.init) } }

  /// The bytes of the string under a key; a failed test if there is none.
  func text(_ key: String) throws -> [UInt8] { try #require(self[key]?.stringBytes) }

  /// The number under a key; a failed test if there is none.
  func number(_ key: String) throws -> Int { try #require(self[key]?.int) }
}

extension Encoding {
  /// The type id of each token.
  var typeIDs: [Int32] { ids.indices.map { $0 < segmentStart ? 0 : 1 } }
}

/// Collects differences between expected and actual results, to report the first one readably.
struct Comparison {
  private(set) var checked = 0
  private(set) var different = 0
  private(set) var first = ""

  mutating func check<Value: Equatable>(
    _ actual: Value, _ expected: Value, _ label: @autoclosure () -> String
  ) {
    checked += 1
    guard actual != expected else { return }
    different += 1
    if first.isEmpty { first = "\(label())\n  expected \(expected)\n  got      \(actual)" }
  }

  /// Fails the test if there was a difference, or fewer checks than `least`.
  func expectNone(least: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(checked >= least, "only \(checked) checks", sourceLocation: sourceLocation)
    #expect(
      different == 0, "\(different) of \(checked) differ, the first: \(first)",
      sourceLocation: sourceLocation)
  }
}

/// A text as a person can read it in a message: a JSON string.
func readable(_ text: [UInt8]) -> String {
  var writer = JSONWriter()
  writer.string(text)
  return String(decoding: writer.bytes, as: UTF8.self)
}
