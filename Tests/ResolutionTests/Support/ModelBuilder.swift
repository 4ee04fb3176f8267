import Foundation
import ModelFiles
import Resolution

/// A model directory that a test makes, changes and resolves: a BERT of two layers without data.
///
/// Files are texts by relative path; the folder disappears with this object.
final class ModelBuilder {
  let path: String
  /// The names and shapes of the tensors, all F32 unless `types` says otherwise.
  var tensors: [String: [Int]]
  var types: [String: String] = [:]

  static let hiddenSize = 4
  static let config = #"""
    "hidden_size":4,"num_hidden_layers":2,"max_position_embeddings":16,"vocab_size":8,
    "num_attention_heads":2,"intermediate_size":6,"type_vocab_size":2
    """#

  /// A plain `BertModel`, or a `BertForSequenceClassification` with this many labels.
  init(labels: Int? = nil, prefix: String? = nil) throws {
    path = NSTemporaryDirectory() + "millpond-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let prefix = prefix ?? (labels == nil ? "" : "bert.")
    tensors = Self.backbone(prefix: prefix)
    var members = Self.config
    if let labels {
      members += #","architectures":["BertForSequenceClassification"],"num_labels":\#(labels)"#
      tensors["classifier.weight"] = [labels, 4]
      tensors["classifier.bias"] = [labels]
    } else {
      members += #","architectures":["BertModel"]"#
    }
    try write("config.json", "{\(members)}")
    try write("tokenizer.json", #"{"normalizer":{"type":"BertNormalizer","lowercase":true}}"#)
  }

  deinit {
    // What cannot be removed is left to the system's clean-up.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The tensors of a backbone with its pooler.
  static func backbone(prefix: String) -> [String: [Int]] {
    var shapes: [String: [Int]] = [
      "embeddings.word_embeddings.weight": [8, 4],
      "embeddings.position_embeddings.weight": [16, 4],
      "embeddings.token_type_embeddings.weight": [2, 4],
      "embeddings.LayerNorm.weight": [4], "embeddings.LayerNorm.bias": [4],
      "pooler.dense.weight": [4, 4], "pooler.dense.bias": [4],
    ]
    for layer in 0..<2 {
      let maps = [
        ("attention.self.query", 4, 4), ("attention.self.key", 4, 4),
        ("attention.self.value", 4, 4), ("attention.output.dense", 4, 4),
        ("intermediate.dense", 6, 4), ("output.dense", 4, 6),
      ]
      for (name, rows, columns) in maps {
        shapes["encoder.layer.\(layer).\(name).weight"] = [rows, columns]
        shapes["encoder.layer.\(layer).\(name).bias"] = [rows]
      }
      for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
        shapes["encoder.layer.\(layer).\(name).weight"] = [4]
        shapes["encoder.layer.\(layer).\(name).bias"] = [4]
      }
    }
    return Dictionary(uniqueKeysWithValues: shapes.map { (prefix + $0.key, $0.value) })
  }

  func write(_ relative: String, _ text: String) throws {
    let url = URL(fileURLWithPath: path + "/" + relative)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Adds members to `config.json`; of double keys the last one counts.
  func configure(_ members: String) throws {
    let text = try String(contentsOfFile: path + "/config.json", encoding: .utf8)
    try write("config.json", text.dropLast() + "," + members + "}")
  }

  /// Writes `modules.json` and the pooling's settings, in the layout before 5.4.
  func addModules(
    _ names: [String] = ["Transformer", "Pooling", "Normalize"],
    pooling: String = #"{"word_embedding_dimension":4,"pooling_mode_mean_tokens":true}"#
  ) throws {
    let entries = names.enumerated().map { index, name in
      let path = name == "Transformer" ? "" : "\(index)_\(name)"
      return #"{"idx":\#(index),"path":"\#(path)","type":"sentence_transformers.models.\#(name)"}"#
    }
    try write("modules.json", "[\(entries.joined(separator: ","))]")
    try write("1_Pooling/config.json", pooling)
  }

  func resolve(_ overrides: Overrides = Overrides()) throws -> ModelPlan {
    try writeWeights()
    return try Resolution.resolve(ModelDirectory(path: path), overrides: overrides)
  }

  /// The error of resolving, nil when there is none.
  func failure(_ overrides: Overrides = Overrides()) -> ResolutionError? {
    do {
      _ = try resolve(overrides)
      return nil
    } catch {
      return error as? ResolutionError
    }
  }

  private func writeWeights() throws {
    var offset = 0
    var members: [String] = []
    for (name, shape) in tensors.sorted(by: { $0.key < $1.key }) {
      let type = types[name] ?? "F32"
      let end = offset + shape.reduce(1, *) * (type == "I64" ? 8 : 4)
      members.append(
        #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(offset),\#(end)]}"#)
      offset = end
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
    try Data(length + header + [UInt8](repeating: 0, count: offset)).write(
      to: URL(fileURLWithPath: path + "/model.safetensors"))
  }
}
