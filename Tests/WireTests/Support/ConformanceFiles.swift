import Foundation
import JSON

/// The files of Protos/conformance, and Protos/README.md.
enum ConformanceFiles {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private static var protos: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Protos")
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: protos.appending(path: path)))
  }

  static func lines(_ file: String) throws -> [JSON] {
    try bytes("conformance/\(file)").split(separator: UInt8(ascii: "\n")).map {
      try JSON.parse(Array($0))
    }
  }

  static func hex(_ json: JSON?, _ key: String) throws -> [UInt8] {
    guard let text = json?[key]?.string, let bytes = hex(text) else {
      throw Failure(description: "no hex under \(key)")
    }
    return bytes
  }

  static func hex(_ text: some StringProtocol) -> [UInt8]? {
    let digits = text.utf8.compactMap { digit in Character(UnicodeScalar(digit)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
