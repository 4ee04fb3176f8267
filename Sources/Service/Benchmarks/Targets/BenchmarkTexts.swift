internal import JSON

/// One input of a measured call.
package enum BenchmarkText: Sendable, Equatable {
  /// UTF-8.
  case text([UInt8])
  /// Token ids, used as they are.
  case ids([Int32])
}

/// The inputs of a benchmark's file.
package enum BenchmarkTexts {
  /// Reads a file of lines as `--jsonl` has them: each a string or an array of token ids.
  ///
  /// - Throws: `.invalidInput` naming the file, and the 1-based line, when it is not readable, holds
  ///   no line, or a line is something else: a benchmark on part of a file would mislead.
  package static func read(_ path: String) throws(BenchmarksError) -> [BenchmarkText] {
    switch SystemFile.bytes(path) {
    case .failure(let error): throw BenchmarksError(.invalidInput, "\(path): \(error)")
    case .success(let bytes): return try parse(bytes, fileName: path)
    }
  }

  /// The same for the bytes of a file.
  package static func parse(
    _ bytes: [UInt8], fileName: String
  ) throws(BenchmarksError) -> [BenchmarkText] {
    var texts: [BenchmarkText] = []
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      guard let text = text(Array(line)) else {
        throw BenchmarksError(
          .invalidInput,
          "\(fileName), line \(index + 1): it is neither a JSON string nor an array of token ids")
      }
      texts.append(text)
    }
    guard !texts.isEmpty else { throw BenchmarksError(.invalidInput, "\(fileName): no lines") }
    return texts
  }

  private static func text(_ line: [UInt8]) -> BenchmarkText? {
    // What is wrong with the JSON does not matter here.
    guard let json = try? JSON.parse(line) else { return nil }
    if let text = json.stringBytes { return .text(text) }
    guard json.kind == .array else { return nil }
    let ids = json.elements.map { $0.int.flatMap { Int32(exactly: $0) } }
    let known = ids.compactMap(\.self)
    return known.count == ids.count ? .ids(known) : nil
  }
}
