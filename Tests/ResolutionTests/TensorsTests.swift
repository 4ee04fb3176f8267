import Foundation
import JSON
import ModelFiles
import Resolution
import Testing

@Suite("tensors of a BERT")
struct TensorsTests {
  @Test("names are found with and without prefix", arguments: ["", "bert."])
  func prefixes(prefix: String) throws {
    let plan = try ModelBuilder(prefix: prefix).resolve()
    guard case .bert(let tensors) = plan.tensors else { return }
    #expect(tensors.wordEmbeddings == prefix + "embeddings.word_embeddings.weight")
    #expect(tensors.layers.count == 2)
    #expect(
      tensors.layers[1].attentionNorm.weight
        == prefix + "encoder.layer.1.attention.output.LayerNorm.weight")
    #expect(tensors.pooler == nil)
    #expect(
      plan.unusedTensors == [prefix + "pooler.dense.bias", prefix + "pooler.dense.weight"])
  }

  @Test("old names of layer norms are found")
  func oldNames() throws {
    let model = try ModelBuilder(labels: 2)
    for (name, shape) in model.tensors where name.contains("LayerNorm") {
      model.tensors[name] = nil
      let old = name.replacing("Norm.weight", with: "Norm.gamma")
        .replacing("Norm.bias", with: "Norm.beta")
      model.tensors[old] = shape
    }
    let plan = try model.resolve()
    guard case .bert(let tensors) = plan.tensors else { return }
    #expect(tensors.embeddingNorm.weight == "bert.embeddings.LayerNorm.gamma")
    #expect(tensors.layers[0].outputNorm.bias == "bert.encoder.layer.0.output.LayerNorm.beta")
    #expect(tensors.pooler?.weight == "bert.pooler.dense.weight")
    #expect(tensors.classifier?.bias == "classifier.bias")
    #expect(plan.unusedTensors == [])
  }

  @Test("known tensors of other tasks are listed as unused, and only numbers count as parameters")
  func unused() throws {
    let model = try ModelBuilder()
    let count = try model.resolve().parameterCount
    #expect(count == model.tensors.values.reduce(0) { $0 + $1.reduce(1, *) })
    model.tensors["embeddings.position_ids"] = [1, 16]
    model.types["embeddings.position_ids"] = "I64"
    model.tensors["cls.predictions.bias"] = [8]
    let plan = try model.resolve()
    #expect(
      plan.unusedTensors == [
        "cls.predictions.bias", "embeddings.position_ids", "pooler.dense.bias",
        "pooler.dense.weight",
      ])
    #expect(plan.parameterCount == count + 8)
  }

  @Test(
    "a missing tensor is refused by name",
    arguments: [
      ("embeddings.word_embeddings.weight", ""),
      ("embeddings.LayerNorm.weight", " (or 'embeddings.LayerNorm.gamma')"),
      ("encoder.layer.1.attention.self.key.bias", ""),
      ("encoder.layer.0.output.LayerNorm.bias", " (or 'encoder.layer.0.output.LayerNorm.beta')"),
    ])
  func missing(name: String, alternative: String) throws {
    let model = try ModelBuilder()
    model.tensors[name] = nil
    #expect(
      model.failure()
        == ResolutionError(
          .missing,
          "\(model.path)/model.safetensors: tensor '\(name)'\(alternative) is missing"))
  }

  @Test(
    "a classifier without its head is refused",
    arguments: ["classifier.weight", "classifier.bias", "bert.pooler.dense.weight"])
  func missingHead(name: String) throws {
    let model = try ModelBuilder(labels: 2)
    model.tensors[name] = nil
    #expect(
      model.failure()
        == ResolutionError(
          .missing, "\(model.path)/model.safetensors: tensor '\(name)' is missing"))
  }

  @Test(
    "an unknown tensor is refused by name",
    arguments: [
      "encoder.layer.2.output.dense.weight", "adapter.weight", "bert.pooler.dense.weight",
      "embeddings.LayerNorm.gamma",
    ])
  func unknown(name: String) throws {
    let model = try ModelBuilder()
    model.tensors[name] = [4]
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/model.safetensors: tensor '\(name)' is unknown to a BERT "
            + "with num_hidden_layers 2"))
  }

  @Test("a missing or absurd number of layers is refused")
  func layerCount() throws {
    let model = try ModelBuilder()
    try model.configure(#""num_hidden_layers":100000"#)
    #expect(
      model.failure()?.message
        == "\(model.path)/config.json: num_hidden_layers is 100000, but must be 1 to 1024")
    try model.configure(#""num_hidden_layers":null"#)
    #expect(
      model.failure()?.message == "\(model.path)/config.json: num_hidden_layers is missing")
  }
}

@Suite("the default model")
struct DefaultModelTests {
  private func plan() throws -> ModelPlan {
    // A private package may reach this file through links.
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("Models/all-MiniLM-L6-v2").path
    try #require(
      FileManager.default.fileExists(atPath: path + "/model.safetensors"),
      "\(path) is absent: Tests/FixtureMakers/fetch_model.sh fetches it")
    return try Resolution.resolve(ModelDirectory(path: path))
  }

  @Test("all-MiniLM-L6-v2 resolves as sentence-transformers loads it")
  func miniLM() throws {
    let plan = try plan()
    #expect(plan.architecture == "BertModel")
    #expect(plan.task == .embed)
    #expect(plan.pooling == .mean)
    #expect(plan.normalize)
    #expect(plan.maxTokens == 256)
    #expect(plan.dimensions == 384)
    #expect(plan.parameterCount == 22_713_216)
    #expect(
      plan.unusedTensors == [
        "embeddings.position_ids", "pooler.dense.bias", "pooler.dense.weight",
      ])
  }

  @Test("inspect prints one object with the keys of the contract in order")
  func inspect() throws {
    var writer = JSONWriter()
    try plan().write(to: &writer, fingerprint: "abc-f32")
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"architecture":"BertModel","task":"embed","conversion":"none","#
        + #""rule":"conversion.native-class","pooling":"mean","normalize":true,"score":"cosine","#
        + #""activation":"identity","labels":[],"maxTokens":256,"dimensions":384,"#
        + #""parameters":22713216,"unusedTensors":["embeddings.position_ids","pooler.dense.bias","#
        + #""pooler.dense.weight"],"fingerprint":"abc-f32"}"#)
  }
}
