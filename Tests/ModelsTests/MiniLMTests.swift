import Foundation
import Kernels
import ModelFiles
import Models
import Resolution
import Testing

/// Largest difference per component to sentence-transformers in f32; the bound.
private let referenceTolerance: Float = 2e-6

@Suite("all-MiniLM-L6-v2")
struct MiniLMTests {
  // A private package may reach this file through links.
  private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent()
  private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

  private static let loaded = Result {
    let path = root.appendingPathComponent("Models/all-MiniLM-L6-v2").path
    try #require(
      FileManager.default.fileExists(atPath: path + "/model.safetensors"),
      "\(path) is absent: Tests/FixtureMakers/fetch_model.sh fetches it")
    let directory = try ModelDirectory(path: path)
    let plan = try Resolution.resolve(directory)
    return try LoadedModel.load(
      plan: plan, directory: directory, precision: .f32, table: KernelTable(named: nil),
      packs: PackStore(reason: "a test"))
  }

  /// The ids of the reference texts; made by `Fixtures/make_minilm_ids.py`.
  private static let referenceIDs = Result {
    try String(
      contentsOf: folder.appendingPathComponent("Fixtures/minilm_ids.txt"), encoding: .ascii
    ).split(separator: "\n").map { line in line.split(separator: " ").compactMap { Int32($0) } }
  }

  private func run(_ model: LoadedModel, _ inputs: [[Int32]]) throws -> [[Float]] {
    var batch = RaggedBatch()
    for input in inputs { batch.append(input) }
    let scratch = try model.makeScratch(tokensMax: batch.tokenCount, inputsMax: inputs.count)
    var output: [Float] = []
    try model.rows(batch, scratch, into: &output)
    return stride(from: 0, to: output.count, by: model.outputWidth).map {
      Array(output[$0..<$0 + model.outputWidth])
    }
  }

  @Test("vectors are those of sentence-transformers")
  func matchesReference() throws {
    let model = try Self.loaded.get()
    let ids = try Self.referenceIDs.get()
    let file = Self.root.appendingPathComponent("Tests/Fixtures/minilm/vectors.f32")
    let vectors = try Data(contentsOf: file)
    try #require(vectors.count == ids.count * 384 * 4 && model.outputWidth == 384)
    let rows = try run(model, ids)
    let table = try KernelTable(named: nil)
    var worst: Float = 0
    for (index, row) in rows.enumerated() {
      var vector = row
      var span = vector.mutableSpan
      table.normalize(&span)
      for (column, value) in vector.enumerated() {
        let expected = vectors.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: (index * 384 + column) * 4, as: Float.self)
        }
        worst = max(worst, abs(value - expected))
      }
    }
    #expect(worst <= referenceTolerance)
  }

  @Test("an input has the same bits alone and in batches of 200 others in any order")
  func batchDoesNotMatter() throws {
    let model = try Self.loaded.get()
    var noise = Noise(seed: 1)
    let inputs = (0..<200).map { index in
      // Every tenth is long; all lengths from 1 to 30 occur.
      let length = index % 10 == 9 ? Int.random(in: 31...256, using: &noise) : index % 30 + 1
      return (0..<length).map { _ in Int32.random(in: 0..<30_522, using: &noise) }
    }
    let together = try run(model, inputs)
    for _ in 0..<2 {
      let order = inputs.indices.shuffled(using: &noise)
      for (index, row) in zip(order, try run(model, order.map { inputs[$0] })) {
        expectSameBits(row, together[index])
      }
    }
    for index in inputs.indices.shuffled(using: &noise).prefix(60) {
      expectSameBits(try run(model, [inputs[index]])[0], together[index])
    }
  }

  @Test("threads with a scratch each give the same bits")
  func threadsDoNotMatter() async throws {
    let model = try Self.loaded.get()
    let ids = Array(try Self.referenceIDs.get().prefix(40))
    let expected = try run(model, ids)
    try await withThrowingTaskGroup(of: [[Float]].self) { group in
      for _ in 0..<4 { group.addTask { try run(model, ids) } }
      for try await rows in group {
        for (row, expected) in zip(rows, expected) { expectSameBits(row, expected) }
      }
    }
  }

  @Test("every instruction set gives the same bits, since all sums are in order")
  func instructionSetsAgree() throws {
    let best = try Self.loaded.get()
    let path = Self.root.appendingPathComponent("Models/all-MiniLM-L6-v2").path
    let directory = try ModelDirectory(path: path)
    let ids = try Self.referenceIDs.get().filter { $0.count < 60 }.prefix(8)
    let expected = try run(best, Array(ids))
    for set in InstructionSet.available {
      let model = try LoadedModel.load(
        plan: best.plan, directory: directory, precision: .f32, table: KernelTable(set),
        packs: PackStore(reason: "a test"))
      #expect(try run(model, Array(ids)) == expected, "\(set)")
    }
  }
}
