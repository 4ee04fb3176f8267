import Foundation
import Inference
import JSON
import Resolution
import Testing

/// Files that tests read, found relative to this file.
enum Fixtures {
  /// The repository's root.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Tests/Fixtures.
  static let folder = root.appendingPathComponent("Tests/Fixtures")

  /// The default model. Throws, saying how to get it, where it is absent.
  static func miniLM() throws -> String {
    try model(root.appendingPathComponent("Models/all-MiniLM-L6-v2"), hint: "run `make model`")
  }

  /// A small trained model of Tests/Fixtures/models.
  static func small(_ name: String) throws -> String {
    try model(
      folder.appendingPathComponent("models/\(name)"), hint: "it belongs to the repository")
  }

  /// A tiny random reranker of Tests/Fixtures/rerankers.
  static func reranker(_ name: String) throws -> String {
    try model(
      folder.appendingPathComponent("rerankers/\(name)"), hint: "it belongs to the repository")
  }

  private static func model(_ path: URL, hint: String) throws -> String {
    guard FileManager.default.fileExists(atPath: path.path + "/config.json") else {
      throw MissingFixture(description: "\(path.path) is missing: \(hint)")
    }
    return path.path
  }

  /// The lines of a JSONL file.
  static func lines(_ relative: String) throws -> [JSON] {
    let data = try Data(contentsOf: folder.appendingPathComponent(relative))
    return try [UInt8](data).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }

  /// The little-endian f32 numbers of a file.
  static func floats(_ relative: String) throws -> [Float] {
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(relative)))
    return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
      return Float(bitPattern: bits)
    }
  }
}

/// A file that a test needs is not there.
struct MissingFixture: Error, CustomStringConvertible {
  var description: String
}

/// An engine over a model directory, warmed up. The cache of hashes is off: tests write nothing.
func makeEngine(
  directory: String, threads: Int = 1, _ change: (inout EngineConfiguration) -> Void = { _ in }
) throws -> Engine {
  var configuration = EngineConfiguration(modelDirectory: directory, name: "model")
  configuration.threadCount = threads
  // Of a fixture that is served so.
  let overrides = directory + "/overrides.json"
  if FileManager.default.fileExists(atPath: overrides) {
    configuration.overrides = try Overrides(path: overrides)
  }
  change(&configuration)
  let engine = try Engine(configuration: configuration)
  try engine.warmUp()
  return engine
}
