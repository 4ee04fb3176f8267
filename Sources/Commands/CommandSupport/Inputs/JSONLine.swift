internal import JSON
internal import MillpondClient

/// One line of `--jsonl`: a string, `{"query":…,"document":…}`, or an array of token ids.
package enum JSONLine {
  /// The input that the line holds, or INVALID_ARGUMENT saying what is wrong with it.
  package static func entry(_ line: [UInt8]) -> InputEntry {
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(line)
    } catch {
      return refusal("the line is not JSON: \(error)")
    }
    switch json.kind {
    case .string: return json.stringBytes.map { .success(.text($0)) } ?? refusal(expectation)
    case .object: return pair(json)
    case .array: return ids(json)
    case .null, .bool, .number: return refusal(expectation)
    }
  }

  private static let expectation =
    #"a line is a string, {"query":…,"document":…} or an array of token ids"#

  private static func pair(_ json: JSON) -> InputEntry {
    for (key, _) in json.members {
      let key = String(decoding: key, as: UTF8.self)
      guard key == "query" || key == "document" else {
        return refusal("unknown key '\(TerminalText.escaped(key, columnsMax: 64))': \(expectation)")
      }
    }
    guard let query = json["query"]?.stringBytes else { return refusal("no string 'query'") }
    guard let document = json["document"]?.stringBytes else {
      return refusal("no string 'document'")
    }
    return .success(.pair(query: query, document: document))
  }

  private static func ids(_ json: JSON) -> InputEntry {
    var ids: [UInt32] = []
    ids.reserveCapacity(json.count)
    for element in json.elements {
      guard let id = element.int.flatMap(UInt32.init(exactly:)) else {
        return refusal(
          "element \(ids.count) is no token id: a whole number from 0 to \(UInt32.max)")
      }
      ids.append(id)
    }
    return .success(.ids(ids))
  }

  private static func refusal(_ message: String) -> InputEntry {
    .failure(MillpondError(.invalidArgument, message))
  }
}
