import Foundation
import Kernels
import ModelFiles
import Models
import Resolution
import Testing

/// Batches whose inputs ask for different outputs, and longer ones than a tile.
@Suite("Token rows and sparse weights of mixed batches")
struct TokenOutputTests {
  private func load(_ name: String) throws -> LoadedModel {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/outputs")
    let directory = try ModelDirectory(path: folder.appendingPathComponent(name).path)
    return try LoadedModel.load(
      plan: Resolution.resolve(directory), directory: directory, precision: .f32,
      table: KernelTable(named: nil), packs: PackStore(reason: "a test"))
  }

  private func inputs(_ count: Int) -> [[Int32]] {
    (0..<count).map { index in
      let length = (index * 7 + 3) % 37 + 1
      return (0..<length).map { place in
        let id = 7 + (index * 31 + place * 13) % 60
        return Int32(id)
      }
    }
  }

  /// What each input comes to: its numbers, ids first.
  private func answers(
    _ model: LoadedModel, _ inputs: [[Int32]], _ requests: [OutputRequest]
  ) throws -> [[Float]] {
    var batch = RaggedBatch()
    for ids in inputs { batch.append(ids) }
    let scratch = try model.makeScratch(tokensMax: batch.tokenCount, inputsMax: inputs.count)
    var values: [Float] = []
    let places = try model.forward(batch, requests: requests, scratch: scratch, into: &values)
    return places.map { place in
      switch place {
      case .rows(let range, _): Array(values[range])
      case .sparse(let ids, let weights): ids.map(Float.init) + weights
      }
    }
  }

  @Test(
    "an input has the same bits in a batch longer than a tile as alone",
    arguments: ["splade-bert", "bge-m3", "colbert-pylate-modernbert", "tokens-bert"])
  func tiles(name: String) throws {
    let model = try load(name)
    let inputs = inputs(70)
    #expect(inputs.reduce(0) { $0 + $1.count } > 2 * Linear.tileRows)
    let possible: [OutputRequest] =
      switch name {
      case "splade-bert": [.sparse]
      case "bge-m3": [.row, .sparse, .tokens([0]), .tokens([])]
      default: [.tokens([0])]
      }
    let requests = inputs.indices.map { index in
      let request = possible[index % possible.count]
      // Every other token.
      if case .tokens([0]) = request {
        return OutputRequest.tokens(Array(stride(from: 0, to: inputs[index].count, by: 2)))
      }
      return request
    }
    let together = try answers(model, inputs, requests)
    for index in inputs.indices {
      let alone = try answers(model, [inputs[index]], [requests[index]])
      #expect(together[index] == alone[0], "input \(index)")
    }
  }

  @Test("a weight of a token that is NaN stays the greatest of its id", arguments: 0..<3)
  func notANumber(place: Int) {
    var weights: [Float] = [1, 3, 2, 5, -1]
    weights[place] = .nan
    let output = LoadedModel.greatest(weights, ids: [7, 7, 7, 4, 9], without: [])
    guard case .sparse(let ids, let greatest) = output else {
      Issue.record("\(output)")
      return
    }
    #expect(ids == [4, 7])
    #expect(greatest[0] == 5 && greatest[1].isNaN)
  }

  @Test("what a model does not give, and tokens that are not there, are refused")
  func refusals() throws {
    let ids: [[Int32]] = [[7, 8]]
    #expect(
      throws: ModelError(.invalidBatch, "input 0 asks for one row, which the model does not give")
    ) { try answers(load("tokens-bert"), ids, [.row]) }
    #expect(
      throws: ModelError(
        .invalidBatch, "input 0 asks for sparse weights, which the model does not give")
    ) { try answers(load("tokens-bert"), ids, [.sparse]) }
    #expect(throws: ModelError(.invalidBatch, "input 0 asks for tokens beyond its 2")) {
      try answers(load("tokens-bert"), ids, [.tokens([2])])
    }
    #expect(throws: ModelError(.invalidBatch, "0 requests for 1 inputs")) {
      try answers(load("tokens-bert"), ids, [])
    }
  }
}
