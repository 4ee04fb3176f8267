import JSON
import Testing
import Tokenization

/// What make_tokenizer_reference.py recorded.
enum Recorded {
  static let folder = "Tests/Fixtures/tokenizers"

  /// All recorded tokenizers.
  static let names: [String] =
    (try? JSON.parse(Fixture.bytes("\(folder)/names.json")).elements.compactMap(\.string)) ?? []
  /// Those that are no probes of a single part.
  static let kinds = names.filter { !$0.hasPrefix("probe-") }

  /// Lines that a program makes.
  static let generated =
    GeneratedLines.codePoints + GeneratedLines.words + GeneratedLines.adversarial
  /// Lines of a file, for the most part written by people.
  static let real: [[UInt8]] =
    (try? Fixture.jsonLines("Tests/Fixtures/wordpiece/lines.jsonl").compactMap(\.stringBytes))
    ?? []

  /// The lines that a tokenizer was given.
  static func lines(of name: String) -> [[UInt8]] {
    kinds.contains(name)
      ? generated + real : GeneratedLines.codePoints + GeneratedLines.adversarial
  }

  /// The file of a tokenizer, the parts that it shares with others put in.
  static func fixture(_ name: String) throws -> JSON {
    let text = try Fixture.bytes("\(folder)/\(name).json")
    let mark = Array("\"@part:".utf8)
    var whole: [UInt8] = []
    var index = 0
    while index < text.count {
      guard text[index] == mark[0], text[index...].starts(with: mark) else {
        whole.append(text[index])
        index += 1
        continue
      }
      let number = text[(index + mark.count)...].prefix { $0 != UInt8(ascii: "\"") }
      whole += try Fixture.bytes("\(folder)/parts/\(String(decoding: number, as: UTF8.self)).json")
      index = number.endIndex + 1
    }
    return try JSON.parse(whole)
  }

  /// A recorded tokenizer; null stands for the default model's.
  static func tokenizer(_ name: String) throws -> Tokenizer {
    let content = try #require(fixture(name)["tokenizer"])
    return content.isNull
      ? try Fixture.miniLM() : try Tokenizer(content, fileName: "tokenizer.json")
  }

  /// One number of 16 bits a line.
  static func hashes(_ path: String, root: String = "\(Fixture.root)/") throws -> [UInt16] {
    let bytes = try Fixture.bytes(path, root: root)
    return stride(from: 0, to: bytes.count - 1, by: 2).map { start in
      UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
    }
  }

  /// FNV-1a.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }

  /// FNV-1a of ids as little-endian numbers of four bytes.
  static func hash(ids: [Int32]) -> UInt32 {
    var hash: UInt32 = 0x811C_9DC5
    for id in ids {
      for place in 0..<4 {
        let byte = UInt32(bitPattern: id) >> UInt32(place * 8) & 0xFF
        hash = (hash ^ byte) &* 0x0100_0193
      }
    }
    return hash
  }
}
