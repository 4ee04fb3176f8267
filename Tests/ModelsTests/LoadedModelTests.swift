import Kernels
import ModelFiles
import Models
import Resolution
import Testing

@Suite("Loading a model")
struct LoadingTests {
  @Test("a tensor of another shape is refused with both shapes")
  func wrongShape() throws {
    let tiny = try TinyBert()
    let name = "encoder.layer.1.intermediate.dense.weight"
    tiny.tensors[name] = ([24, 40], tiny.tensors[name]?.values ?? [])
    let error = try #require(throws: ModelError.self) { try tiny.load() }
    #expect(error.code == .malformed)
    #expect(error.message.contains("'\(name)'"))
    #expect(error.message.contains("[24, 40]") && error.message.contains("[40, 24]"))
  }

  @Test("a tensor of a type that cannot be read is refused with its name")
  func wrongType() throws {
    let error = try #require(throws: ModelError.self) {
      try TinyBert().load(type: "I32")
    }
    #expect(error.code == .unsupported)
    #expect(error.message.contains("I32") && error.message.contains("embeddings."))
  }

  private struct Case: Sendable, CustomTestStringConvertible {
    var key: String
    var value: String
    var code: ModelError.Code
    var text: String
    var testDescription: String { "\(key) \(value)" }
  }

  private static let cases = [
    Case(
      key: "hidden_act", value: "\"relu\"", code: .unsupported,
      text: "hidden_act is 'relu'; only 'gelu' is supported"),
    Case(
      key: "position_embedding_type", value: "\"relative_key\"", code: .unsupported,
      text: "position_embedding_type is 'relative_key'; only 'absolute' is supported"),
    Case(
      key: "is_decoder", value: "true", code: .unsupported,
      text: "is_decoder is true; only encoders are supported"),
    Case(
      key: "num_attention_heads", value: "7", code: .malformed,
      text: "num_attention_heads is 7, which does not divide hidden_size 24"),
    Case(
      key: "num_attention_heads", value: "0", code: .unsupported,
      text: "num_attention_heads is 0, but must be 1 to"),
    Case(
      key: "intermediate_size", value: "null", code: .missing,
      text: "intermediate_size is missing"),
    Case(
      key: "layer_norm_eps", value: "-1", code: .malformed,
      text: "layer_norm_eps is -1.0, not in 0..<1"),
    Case(
      key: "vocab_size", value: "51", code: .malformed, text: "[50, 24]"),
  ]

  @Test("a configuration that cannot be computed is refused with its key", arguments: cases)
  private func configuration(example: Case) throws {
    let tiny = try TinyBert()
    tiny.config[example.key] = example.value
    let error = try #require(throws: ModelError.self) { try tiny.load() }
    #expect(error.code == example.code)
    #expect(error.message.contains(example.text), "\(error.message)")
  }

  @Test("a loaded model knows its sizes")
  func sizes() throws {
    let model = try TinyBert(labels: 3).load()
    #expect(model.outputWidth == 3 && model.vocabularySize == TinyBert.words)
    #expect(model.positionCount == TinyBert.positions && model.segmentCount == 2)
    #expect(try TinyBert().load().outputWidth == TinyBert.hidden)
  }
}

@Suite("Running a batch")
struct ForwardTests {
  private func refusal(
    _ model: LoadedModel, tokensMax: Int = 64, inputsMax: Int = 4,
    _ inputs: [(ids: [Int32], segmentStart: Int?)]
  ) throws -> ModelError {
    var batch = RaggedBatch()
    for input in inputs { batch.append(input.ids, segmentStart: input.segmentStart) }
    let scratch = try model.makeScratch(tokensMax: tokensMax, inputsMax: inputsMax)
    var output: [Float] = []
    let error = try #require(throws: ModelError.self) {
      try model.rows(batch, scratch, into: &output)
    }
    #expect(error.code == .invalidBatch && output.isEmpty)
    return error
  }

  @Test("ids that are not in the vocabulary are refused", arguments: [-1, 50, Int32.max, .min])
  func ids(id: Int32) throws {
    let error = try refusal(TinyBert().load(), [([1, 2], nil), ([3, id], nil)])
    #expect(error.message == "token 3 of the batch has the id \(id); ids are 0 to 49")
  }

  @Test("inputs without tokens or with more than there are positions are refused")
  func lengths() throws {
    let model = try TinyBert().load()
    let empty = try refusal(model, [([1], nil), ([], nil)])
    #expect(empty.message == "input 1 has 0 tokens; the limits are 1 and 20")
    let long = try refusal(model, [([Int32](repeating: 1, count: 21), nil)])
    #expect(long.message == "input 0 has 21 tokens; the limits are 1 and 20")
  }

  @Test("segments outside the input, or in a model without any, are refused")
  func segments() throws {
    let outside = try refusal(TinyBert().load(), [([1, 2], 3)])
    #expect(outside.message == "input 0: segment start 3 with 2 tokens")
    let single = try TinyBert()
    single.config["type_vocab_size"] = "1"
    let name = "embeddings.token_type_embeddings.weight"
    let values = single.tensors[name]?.values ?? []
    single.tensors[name] = ([1, TinyBert.hidden], Array(values.prefix(TinyBert.hidden)))
    let error = try refusal(single.load(), [([1, 2], 1)])
    #expect(error.message == "input 0 has two segments; the model has one")
  }

  @Test("a batch that is larger than the scratch is refused")
  func tooLarge() throws {
    let model = try TinyBert().load()
    let tokens = try refusal(model, tokensMax: 3, [([1, 2], nil), ([1, 2], nil)])
    #expect(
      tokens.message
        == "a batch of 2 inputs and 4 tokens; the scratch holds 4 inputs and 3 tokens")
    let inputs = try refusal(model, inputsMax: 1, [([1], nil), ([1], nil)])
    #expect(
      inputs.message
        == "a batch of 2 inputs and 2 tokens; the scratch holds 1 inputs and 64 tokens")
  }

  @Test("an empty batch gives no rows, and the output is replaced, not extended")
  func outputIsReplaced() throws {
    let model = try TinyBert().load()
    let scratch = try model.makeScratch(tokensMax: 8, inputsMax: 2)
    var output = [Float](repeating: 9, count: 100)
    var batch = RaggedBatch()
    batch.append([1, 2, 3])
    try model.rows(batch, scratch, into: &output)
    #expect(output.count == TinyBert.hidden)
    let first = output
    batch.removeAll()
    try model.rows(batch, scratch, into: &output)
    #expect(output.isEmpty)
    batch.append([1, 2, 3])
    try model.rows(batch, scratch, into: &output)
    #expect(output == first)
  }
}
