import Foundation
import JSON

/// The files of Protos/conformance.
enum ConformanceFiles {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  static func lines(_ file: String) throws -> [JSON] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let url = root.appending(path: "Protos/conformance/\(file)")
    return try [UInt8](Data(contentsOf: url)).split(separator: UInt8(ascii: "\n")).map {
      try JSON.parse(Array($0))
    }
  }

  static func hex(_ line: JSON) throws -> [UInt8] {
    let digits = (line["hex"]?.string ?? "").compactMap(\.hexDigitValue)
    guard digits.count.isMultiple(of: 2), !digits.isEmpty else {
      throw Failure(description: "no hex in \(line["name"]?.string ?? "a line")")
    }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
