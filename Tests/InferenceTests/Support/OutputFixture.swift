import Foundation
import Inference
import JSON
import Testing

/// A model directory of `Tests/Fixtures/outputs` with what its reference library computes.
struct OutputFixture: Sendable, CustomTestStringConvertible {
  /// One call with its answers.
  struct Case: Sendable {
    var task: InferenceTask
    var inputs: [ModelInput]
    /// Token rows, or single rows in a list of one; empty where another answer is expected.
    var rows: [[[Float]]] = []
    var sparse: [(ids: [Int32], weights: [Float])] = []
    var scores: [Float] = []
  }

  var name: String
  var testDescription: String { name }
  var path: String { Self.folder.appendingPathComponent(name).path }

  private static let folder = Fixtures.folder.appendingPathComponent("outputs")

  /// All fixtures; an empty list where there are none, which a test refuses.
  static let all: [OutputFixture] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { !$0.hasPrefix(".") }.sorted().map { OutputFixture(name: $0) }
  }()

  func cases() throws -> [Case] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path + "/expected.json"))
    return try JSON.parse([UInt8](data)).elements.map(Self.read)
  }

  private static func read(_ json: JSON) throws -> Case {
    let call = json["call"]?.string
    var inputs: [ModelInput] = []
    for input in json["inputs"].map({ Array($0.elements) }) ?? [] {
      inputs.append(
        input.stringBytes.map { .text($0) }
          ?? .ids(input.elements.compactMap { $0.int.map(Int32.init) }))
    }
    for pair in json["pairs"].map({ Array($0.elements) }) ?? [] {
      inputs.append(
        .pair(
          query: try #require(pair[0]?.stringBytes), document: try #require(pair[1]?.stringBytes)))
    }
    let task: InferenceTask
    switch call {
    case "score": task = .score(ScoreOptions())
    case "classify": task = .classify(raw: json["raw"]?.bool == true)
    default:
      let outputs: [String: EmbedOutput] = [
        "tokens": .tokens, "sparse": .sparse, "vector": .vector,
      ]
      let prompt = json["prompt"]?.stringBytes
      task = .embed(
        EmbedOptions(
          prompt: prompt.map { .named($0) } ?? .modelDefault,
          output: json["output"]?.string.flatMap { outputs[$0] } ?? .modelDefault))
    }
    var result = Case(task: task, inputs: inputs)
    for rows in json["rows"].map({ Array($0.elements) }) ?? [] {
      let isList = rows[0]?.kind == .array
      result.rows.append(isList ? rows.elements.map(floats) : [floats(rows)])
    }
    for entry in json["sparse"].map({ Array($0.elements) }) ?? [] {
      let ids = try #require(entry["ids"]).elements.compactMap { $0.int.map(Int32.init) }
      result.sparse.append((ids, floats(try #require(entry["weights"]))))
    }
    result.scores = json["scores"].map(floats) ?? []
    return result
  }

  private static func floats(_ json: JSON) -> [Float] {
    json.elements.compactMap { $0.double.map { Float($0) } }
  }
}

extension InputResult.Value {
  /// Its numbers, and how many rows they are.
  var rows: (numbers: [Float], count: Int)? {
    switch self {
    case .vector(let numbers), .probabilities(let numbers, _), .logits(let numbers, _):
      (Array(numbers), 1)
    case .tokenVectors(let numbers, let count), .tokenProbabilities(let numbers, let count),
      .tokenLogits(let numbers, let count):
      (Array(numbers), count)
    case .sparse, .score, .tokens, .failure: nil
    }
  }
}
