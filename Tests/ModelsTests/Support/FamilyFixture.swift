import Foundation
import Kernels
import ModelFiles
import Models
import Resolution
import Testing

/// A model directory of `Tests/Fixtures/families` with what transformers computes from it.
struct FamilyFixture: Sendable, CustomTestStringConvertible {
  struct Input: Decodable, Sendable {
    var ids: [Int32]
    var segmentStart: Int
  }

  struct Expected: Decodable, Sendable {
    /// For embeddings; what modules.json says where it is no pooling's name.
    var pooling: String
    var inputs: [Input]
    /// One for each input: the pooled vector, or the logits.
    var rows: [[Float]]
  }

  /// The folder's name.
  var name: String
  var testDescription: String { name }

  private static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/families")
  }

  /// All fixtures. Throws where the folder is missing or empty, so that no test passes without any.
  static func all() throws -> [FamilyFixture] {
    let names = try FileManager.default.contentsOfDirectory(atPath: root.path)
      .filter { !$0.hasPrefix(".") }
    guard !names.isEmpty else { throw CocoaError(.fileReadNoSuchFile) }
    return names.sorted().map { FamilyFixture(name: $0) }
  }

  var path: String { Self.root.appendingPathComponent(name).path }
  var isClassifier: Bool { name.hasSuffix("-classifier") }

  func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(fileURLWithPath: path + "/expected.json"))
    return try JSONDecoder().decode(Expected.self, from: data)
  }

  func plan() throws -> ModelPlan {
    let pooling = isClassifier ? nil : Pooling(rawValue: try expected().pooling)
    return try Resolution.resolve(
      ModelDirectory(path: path), overrides: Overrides(pooling: pooling))
  }

  func load(_ instructionSet: InstructionSet? = nil) throws -> LoadedModel {
    try LoadedModel.load(
      plan: plan(), directory: ModelDirectory(path: path),
      precision: .f32,
      table: KernelTable(named: instructionSet?.rawValue),
      packs: PackStore(reason: "a test"))
  }
}

extension LoadedModel {
  /// The rows of a batch with these inputs.
  func rows(of inputs: [FamilyFixture.Input]) throws -> [[Float]] {
    var batch = RaggedBatch()
    for input in inputs {
      batch.append(input.ids, segmentStart: segmentCount > 1 ? input.segmentStart : nil)
    }
    let scratch = try makeScratch(tokensMax: batch.tokenCount, inputsMax: inputs.count)
    var output: [Float] = []
    try self.rows(batch, scratch, into: &output)
    return inputs.indices.map { Array(output[$0 * outputWidth..<($0 + 1) * outputWidth]) }
  }
}
