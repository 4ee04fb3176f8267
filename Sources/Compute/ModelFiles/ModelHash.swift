internal import JSON

extension ModelDirectory {
  /// bge-m3's heads, beside the weights.
  package static let stateDictNames = ["sparse_linear.pt", "colbert_linear.pt"]

  /// The names under which sentence-transformers looks for its transformer module's settings, in
  /// its order.
  package static let sentenceConfigNames = [
    "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
    "sentence_camembert_config.json", "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
  ]
}

/// The model part of the fingerprint: XXH3-128 as 32 hexadecimal digits over everything in the
/// directory that can change a result.
///
/// That is `config.json`, `tokenizer.json`, `tokenizer_config.json`, `modules.json`, the settings
/// of sentence-transformers, the settings and weights of its modules, and the weights, each with
/// its name and length. Overrides are not part of it. It detects change, not forgery. Blocks;
/// reads each weight file unless `cache` knows its hash. Throws `.unreadable`, also when a file was
/// replaced since it was mapped.
package func modelHash(
  of directory: ModelDirectory, cache: WeightHashCache
) throws(ModelFilesError) -> String {
  var hasher = ContentHasher()
  var names =
    [
      "config.json", "tokenizer.json", "tokenizer_config.json", "modules.json",
      "config_sentence_transformers.json", "artifact.metadata",
    ] + ModelDirectory.sentenceConfigNames
  var weightNames = ModelDirectory.stateDictNames
  if let modules = try directory.json("modules.json") {
    for module in modules.elements {
      guard let path = module["path"]?.string, !path.isEmpty else { continue }
      names.append(path + "/config.json")
      // The one that is used: the first of those that are there.
      let files = WeightFormat.allCases.map { path + "/" + $0.fileName }
      if let file = files.first(where: { FileDescriptor.exists(directory.path + "/" + $0) }) {
        weightNames.append(file)
      }
    }
  }
  for name in names {
    guard let bytes = try directory.bytes(name) else { continue }
    hasher.field(Array(name.utf8))
    hasher.field(bytes)
  }
  for name in weightNames {
    let path = directory.path + "/" + name
    guard FileDescriptor.exists(path) else { continue }
    hasher.field(Array(name.utf8))
    hasher.field(Array(try cache.hash(of: path, expecting: nil).utf8))
  }
  for file in directory.weights.mappedFiles {
    // By name, so that a copy of the directory elsewhere is the same model.
    hasher.field(Array(file.path.utf8.suffix { $0 != UInt8(ascii: "/") }))
    hasher.field(Array(try cache.hash(of: file.path, expecting: file.identity).utf8))
  }
  return hasher.digest()
}

extension Collection where Self: BidirectionalCollection {
  /// The longest end of the collection of which every element satisfies `predicate`.
  fileprivate func suffix(_ predicate: (Element) -> Bool) -> SubSequence {
    var start = endIndex
    while start > startIndex, predicate(self[index(before: start)]) { formIndex(before: &start) }
    return self[start...]
  }
}
