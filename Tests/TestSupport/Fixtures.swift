package import Foundation
package import JSON

/// Files that tests read, found relative to this file.
package enum Fixtures {
  /// The repository's root.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Tests/Fixtures.
  package static let folder = root.appendingPathComponent("Tests/Fixtures")

  /// The default model's directory.
  ///
  /// - Throws: `TestFailure`, saying how to get it, where it is absent.
  package static func miniLM() throws -> String {
    try directory(
      root.appendingPathComponent("Models/all-MiniLM-L6-v2"), hint: "`make model` fetches it")
  }

  /// The directory of a small trained model of Tests/Fixtures/models.
  package static func small(_ name: String) throws -> String {
    try directory(
      folder.appendingPathComponent("models/\(name)"), hint: "it belongs to the repository")
  }

  private static func directory(_ url: URL, hint: String) throws -> String {
    guard FileManager.default.fileExists(atPath: url.path + "/config.json") else {
      throw TestFailure("\(url.path) is missing: \(hint)")
    }
    return url.path
  }

  /// Path of a file of the repository.
  package static func repositoryPath(_ relative: String) -> String {
    root.appendingPathComponent(relative).path
  }

  /// A text file of the repository.
  package static func text(_ relative: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appendingPathComponent(relative)), as: UTF8.self)
  }

  /// Path of a file of Tests/Fixtures.
  package static func path(_ relative: String) -> String {
    folder.appendingPathComponent(relative).path
  }

  /// The bytes of a file of Tests/Fixtures.
  package static func bytes(_ relative: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(relative)))
  }

  /// The lines of a JSONL file of Tests/Fixtures.
  package static func lines(_ relative: String) throws -> [JSON] {
    try bytes(relative).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }

  /// The little-endian f32 numbers of a file of Tests/Fixtures.
  package static func floats(_ relative: String) throws -> [Float] {
    let bytes = try bytes(relative)
    return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
      return Float(bitPattern: bits)
    }
  }
}
