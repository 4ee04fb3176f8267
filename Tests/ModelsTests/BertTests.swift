import Kernels
import Models
import Testing

/// Rounding of two layers in float32 of values around 1.
private let tolerance = 5e-6

@Suite("BERT")
struct BertTests {
  private struct Input: Sendable {
    var ids: [Int32]
    var segmentStart: Int
  }

  private static func inputs(_ count: Int, seed: UInt64) -> [Input] {
    var noise = Noise(seed: seed)
    return (0..<count).map { _ in
      let length = Int.random(in: 1...TinyBert.positions, using: &noise)
      let ids = (0..<length).map { _ in Int32.random(in: 0..<Int32(TinyBert.words), using: &noise) }
      return Input(ids: ids, segmentStart: Int.random(in: 0...length, using: &noise))
    }
  }

  private func run(_ model: LoadedModel, _ inputs: [Input]) throws -> [[Float]] {
    var batch = RaggedBatch()
    for input in inputs { batch.append(input.ids, segmentStart: input.segmentStart) }
    let scratch = try model.makeScratch(tokensMax: 4_096, inputsMax: 256)
    var output: [Float] = []
    try model.rows(batch, scratch, into: &output)
    return stride(from: 0, to: output.count, by: model.outputWidth).map {
      Array(output[$0..<$0 + model.outputWidth])
    }
  }

  @Test(
    "embeddings are those of an independent implementation in Double", arguments: ["mean", "cls"])
  func embeddings(pooling: String) throws {
    let tiny = try TinyBert()
    let reference = ReferenceBert(tiny)
    let model = try tiny.load(pooling: pooling)
    let inputs = Self.inputs(40, seed: 3)
    for (input, row) in zip(inputs, try run(model, inputs)) {
      let hidden = reference.hidden(input.ids, segmentStart: input.segmentStart)
      for column in 0..<TinyBert.hidden {
        let expected =
          pooling == "cls"
          ? hidden[0][column]
          : hidden.map { $0[column] }.reduce(0, +) / Double(hidden.count)
        #expect(abs(Double(row[column]) - expected) < tolerance)
      }
    }
  }

  @Test("logits are those of an independent implementation in Double", arguments: [1, 3])
  func logits(labels: Int) throws {
    let tiny = try TinyBert(labels: labels)
    let reference = ReferenceBert(tiny)
    let model = try tiny.load()
    #expect(model.outputWidth == labels)
    let inputs = Self.inputs(40, seed: 4)
    for (input, row) in zip(inputs, try run(model, inputs)) {
      let expected = reference.logits(input.ids, segmentStart: input.segmentStart)
      #expect(row.count == labels)
      for (actual, expected) in zip(row, expected) {
        #expect(abs(Double(actual) - expected) < tolerance)
      }
    }
  }

  @Test("a thread is seen to move within each layer of a long batch, and not of a short one")
  func pulses() throws {
    let model = try TinyBert().load()
    let scratch = try model.makeScratch(tokensMax: 4_096, inputsMax: 256)
    var pulses: [Int] = []
    scratch.checkpoint = {
      pulses.append(0)
      return true
    }
    scratch.pulse = { pulses[pulses.count - 1] += 1 }
    for inputCount in [7, 70] {
      var batch = RaggedBatch()
      for _ in 0..<inputCount { batch.append(Array(repeating: 1, count: TinyBert.positions)) }
      var output: [Float] = []
      pulses = []
      try model.rows(batch, scratch, into: &output)
      #expect(pulses.count == TinyBert.layers)
      // 70 inputs of 20 tokens are ten groups and ten tiles.
      #expect(pulses.allSatisfy { $0 == (inputCount == 7 ? 0 : 18) }, "\(pulses)")
    }
  }

  @Test("names with gamma and beta load as well")
  func oldNormNames() throws {
    let new = try TinyBert()
    let old = try TinyBert()
    for (name, tensor) in old.tensors where name.contains("LayerNorm") {
      old.tensors[name] = nil
      let renamed = name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
        .replacing("LayerNorm.bias", with: "LayerNorm.beta")
      old.tensors[renamed] = tensor
    }
    let inputs = Self.inputs(5, seed: 5)
    #expect(try run(new.load(), inputs) == run(old.load(), inputs))
  }

  @Test("16-bit files give the bits of the same numbers in 32 bits", arguments: ["F16", "BF16"])
  func storedTypes(type: String) throws {
    let tiny = try TinyBert(labels: 2)
    let inputs = Self.inputs(30, seed: 6)
    let stored = try run(tiny.load(type: type), inputs)
    for (name, tensor) in tiny.tensors {
      let rounded = tensor.values.map {
        type == "F16" ? Float(Float16($0)) : Float(bitPattern: $0.bitPattern & 0xffff_0000)
      }
      tiny.tensors[name] = (tensor.shape, rounded)
    }
    #expect(try stored == run(tiny.load(), inputs))
  }

  @Test("a file whose data is not aligned gives the same bits", arguments: ["F32", "BF16"])
  func unaligned(type: String) throws {
    let tiny = try TinyBert()
    let inputs = Self.inputs(10, seed: 7)
    let aligned = try run(tiny.load(type: type), inputs)
    #expect(try run(tiny.load(type: type, headerPadding: 3), inputs) == aligned)
  }

  @Test("an input has the same bits in any batch, at any place")
  func batchDoesNotMatter() throws {
    let model = try TinyBert(labels: 3).load()
    let inputs = Self.inputs(200, seed: 8)
    let together = try run(model, inputs)
    var noise = Noise(seed: 9)
    for _ in 0..<20 {
      let chosen = inputs.indices.shuffled(using: &noise).prefix(
        Int.random(in: 1...9, using: &noise))
      for (index, row) in zip(chosen, try run(model, chosen.map { inputs[$0] })) {
        expectSameBits(row, together[index])
      }
    }
  }
}

/// The same bits.
func expectSameBits(
  _ a: some Sequence<Float>, _ b: some Sequence<Float>,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(a.map(\.bitPattern) == b.map(\.bitPattern), sourceLocation: sourceLocation)
}
