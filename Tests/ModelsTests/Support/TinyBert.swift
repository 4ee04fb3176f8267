import Foundation
import Kernels
import ModelFiles
import Models
import Resolution

/// A model directory with a small BERT of random weights, which a test can change and load.
///
/// 2 layers of hidden size 24 in 3 heads, intermediate size 40, 50 words, 20 positions. The folder
/// disappears with this object.
final class TinyBert {
  static let hidden = 24
  static let heads = 3
  static let intermediate = 40
  static let layers = 2
  static let words = 50
  static let positions = 20

  /// The values of each tensor, with its shape.
  var tensors: [String: (shape: [Int], values: [Float])] = [:]
  /// Members of config.json beside the sizes, as JSON.
  var config: [String: String]
  private let path: String

  /// A `BertModel`, or a `BertForSequenceClassification` with this many labels.
  init(labels: Int? = nil, seed: UInt64 = 1) throws {
    path = NSTemporaryDirectory() + "millpond-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    config = [
      "hidden_size": "\(Self.hidden)", "num_attention_heads": "\(Self.heads)",
      "intermediate_size": "\(Self.intermediate)", "num_hidden_layers": "\(Self.layers)",
      "vocab_size": "\(Self.words)", "max_position_embeddings": "\(Self.positions)",
      "type_vocab_size": "2", "hidden_act": "\"gelu\"", "architectures": "[\"BertModel\"]",
    ]
    if let labels {
      config["architectures"] = "[\"BertForSequenceClassification\"]"
      config["num_labels"] = "\(labels)"
    }
    var noise = Noise(seed: seed)
    for (name, shape) in Self.shapes(labels: labels) {
      let isNorm = name.contains("LayerNorm.weight")
      let count = shape.reduce(1, *)
      tensors[name] = (shape, noise.floats(count, in: isNorm ? 0.5...1.5 : -0.4...0.4))
    }
  }

  deinit {
    // What cannot be removed is left to the system's clean-up.
    try? FileManager.default.removeItem(atPath: path)
  }

  private static func shapes(labels: Int?) -> [(String, [Int])] {
    let prefix = labels == nil ? "" : "bert."
    func affine(_ name: String, _ out: Int, _ inner: Int) -> [(String, [Int])] {
      [(prefix + name + ".weight", [out, inner]), (prefix + name + ".bias", [out])]
    }
    func norm(_ name: String) -> [(String, [Int])] {
      [(prefix + name + ".weight", [hidden]), (prefix + name + ".bias", [hidden])]
    }
    var shapes: [(String, [Int])] = [
      (prefix + "embeddings.word_embeddings.weight", [words, hidden]),
      (prefix + "embeddings.position_embeddings.weight", [positions, hidden]),
      (prefix + "embeddings.token_type_embeddings.weight", [2, hidden]),
    ]
    shapes += norm("embeddings.LayerNorm")
    for index in 0..<layers {
      let layer = "encoder.layer.\(index)."
      for part in ["query", "key", "value"] {
        shapes += affine(layer + "attention.self.\(part)", hidden, hidden)
      }
      shapes += affine(layer + "attention.output.dense", hidden, hidden)
      shapes += norm(layer + "attention.output.LayerNorm")
      shapes += affine(layer + "intermediate.dense", intermediate, hidden)
      shapes += affine(layer + "output.dense", hidden, intermediate)
      shapes += norm(layer + "output.LayerNorm")
    }
    shapes += affine("pooler.dense", hidden, hidden)
    if let labels {
      shapes += [("classifier.weight", [labels, hidden]), ("classifier.bias", [labels])]
    }
    return shapes
  }

  /// Writes the directory, with the tensors in this type, and opens it. `headerPadding` shifts all
  /// data by as many bytes.
  func directory(type: String = "F32", headerPadding: Int = 0) throws -> ModelDirectory {
    try write("tokenizer.json", Array(#"{"model":{"type":"WordPiece"}}"#.utf8))
    let members = config.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    try write("config.json", Array("{\(members.joined(separator: ","))}".utf8))
    var data: [UInt8] = []
    var entries: [String] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let start = data.count
      for value in tensor.values { data += Self.bytes(value, type) }
      entries.append(
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(start),\(data.count)]}")
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    while header.count % 8 != headerPadding { header.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
    try write("model.safetensors", length + header + data)
    return try ModelDirectory(path: path)
  }

  /// The directory as a model that is ready to compute.
  func load(
    type: String = "F32", headerPadding: Int = 0, pooling: String = "mean"
  ) throws -> LoadedModel {
    let directory = try directory(type: type, headerPadding: headerPadding)
    let isClassifier = config["num_labels"] != nil
    let plan = try Resolution.resolve(
      directory, overrides: Overrides(pooling: isClassifier ? nil : Pooling(rawValue: pooling)))
    return try LoadedModel.load(
      plan: plan, directory: directory, precision: .f32, table: KernelTable(named: nil),
      packs: PackStore(reason: "a test"))
  }

  private static func bytes(_ value: Float, _ type: String) -> [UInt8] {
    switch type {
    case "F16": withUnsafeBytes(of: Float16(value).bitPattern.littleEndian, Array.init)
    case "BF16": withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian, Array.init)
    default: withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
    }
  }

  private func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }
}
