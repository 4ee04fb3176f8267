import Foundation
import Kernels
import Models
import Resolution
import Testing

/// Every family and task against transformers in fp32, on tiny checkpoints with random weights.
@Suite("Families against transformers")
struct FamilyTests {
  /// Sums of magnitude 1 to 10 in another order than PyTorch's.
  private static let tolerance: Float = 1e-4

  @Test("every family has a model, a classifier and, if it is a decoder, a language model")
  func covered() throws {
    var embedding: Set<ModelFamily> = []
    var classifying: Set<ModelFamily> = []
    var speaking: Set<ModelFamily> = []
    for fixture in try FamilyFixture.all() {
      let plan = try fixture.plan()
      let isLanguageModel = ["ForCausalLM", "LMHeadModel"].contains(
        where: plan.architecture.hasSuffix)
      if plan.task == .embed {
        if isLanguageModel { speaking.insert(plan.family) } else { embedding.insert(plan.family) }
      } else if plan.architecture.hasSuffix("ForSequenceClassification") {
        classifying.insert(plan.family)
      }
    }
    // BERT has tests of its own.
    let all = Set(ModelFamily.allCases).subtracting([.bert])
    #expect(embedding == all)
    #expect(classifying == all)
    #expect(
      speaking == [
        .qwen2, .qwen3, .llama, .mistral, .gemma, .gemma2, .gemma3, .phi3, .gpt2,
      ])
  }

  @Test("rows agree with transformers", arguments: try FamilyFixture.all())
  func agrees(fixture: FamilyFixture) throws {
    let expected = try fixture.expected()
    let rows = try fixture.load().rows(of: expected.inputs)
    var largest: Float = 0
    for (row, reference) in zip(rows, expected.rows) {
      try #require(row.count == reference.count)
      for (x, y) in zip(row, reference) { largest = max(largest, abs(x - y)) }
    }
    #expect(largest < Self.tolerance)
    if ProcessInfo.processInfo.environment["MILLPOND_TEST_REPORT"] != nil {
      print("largest difference \(fixture.name): \(largest)")
    }
  }

  @Test(
    "an input has the same bits alone, in a mixed batch and at any place in it",
    arguments: try FamilyFixture.all())
  func mixedBatches(fixture: FamilyFixture) throws {
    let inputs = try fixture.expected().inputs
    let model = try fixture.load()
    let alone = try inputs.map { try model.rows(of: [$0])[0] }
    let turned = Array(inputs.indices.reversed()) + [1, 0, 2]
    let rows = try model.rows(of: turned.map { inputs[$0] })
    for (row, index) in zip(rows, turned) { #expect(row == alone[index], "input \(index)") }
  }

  @Test("every instruction set gives the same bits", arguments: try FamilyFixture.all())
  func instructionSets(fixture: FamilyFixture) throws {
    let inputs = try fixture.expected().inputs
    let scalar = try fixture.load(.scalar).rows(of: inputs)
    for instructionSet in InstructionSet.available {
      #expect(try fixture.load(instructionSet).rows(of: inputs) == scalar, "\(instructionSet)")
    }
  }
}
