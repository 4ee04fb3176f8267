internal import JSON
internal import ModelFiles

/// The file of `--overrides`: one JSON object, whose keys are those that `--hf-overrides` of vLLM
/// and `config.json` use, where they have one.
///
/// Only a file that is named is read. A model directory is somebody else's: a file that comes with
/// it must not have the operator's say, and two servers with the same flags serve the same.
extension Overrides {
  /// The keys of the file, in the order of `init(path:)`.
  package static let keys = [
    "architectures", "task", "conversion", "pooling", "classifier_from_token", "method",
    "is_original_qwen3_reranker", "labels", "activation", "normalize", "score_template",
    "instruction", "special_tokens_in_texts", "max_tokens", "returned_token_ids", "step_tag_id",
  ]

  /// Reads the file. Blocks. Throws `.invalidOverride` naming the file and the key: one that is
  /// unknown, or whose value cannot be; and what reading the file gives.
  package init(path: String) throws(ResolutionError) {
    guard path.utf8.count > 0 else {
      throw ResolutionError(.invalidOverride, "the overrides file has no name")
    }
    let file = try reading { () throws(ModelFilesError) in
      // Asked first, so that a file that is not there is told as such.
      _ = try OperatorFile.bytes(path)
      return try ConfigFile(path: path, name: path)
    }
    try self.init(file)
  }

  init(_ file: ConfigFile) throws(ResolutionError) {
    self.init()
    for member in file.json.members {
      let key = String(decoding: member.key, as: UTF8.self)
      guard Self.keys.contains(key) else {
        throw ResolutionError(
          .invalidOverride,
          "\(file.name): unknown key \(key.quotedForMessage); the keys are "
            + Self.keys.joined(separator: ", "))
      }
    }
    task = try Self.choice("task", file)
    conversion = try Self.choice("conversion", file)
    pooling = try Self.choice("pooling", file)
    method = try Self.choice("method", file)
    activation = try Self.choice("activation", file)
    try reading { () throws(ModelFilesError) in
      classifierTokens = try file.strings("classifier_from_token")
      isOriginalQwen3Reranker = try file.bool("is_original_qwen3_reranker")
      labels = try file.strings("labels")
      normalize = try file.bool("normalize")
      instruction = try file.string("instruction").map { Array($0.utf8) }
      maxTokens = try file.int("max_tokens", in: 1...Int.max)
    }
    returnedTokenIDs = try Self.tokenIDs(file)
    stepTagID = try reading { () throws(ModelFilesError) in
      try file.int("step_tag_id", in: 0...Int(Int32.max))
    }
    architecture = try Self.architecture(file)
    scoreTemplate = try Self.template(file)
    readsSpecialTokens = try Self.specialTokens(file)
  }

  private static func choice<Value>(
    _ key: String, _ file: ConfigFile
  ) throws(ResolutionError) -> Value?
  where Value: RawRepresentable<String> & CaseIterable {
    let name = try reading { () throws(ModelFilesError) in try file.string(key) }
    guard let name else { return nil }
    guard let value = Value(rawValue: name) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ResolutionError(
        .invalidOverride, "\(file.name): \(key) is \(name.quotedForMessage); it is one of \(known)")
    }
    return value
  }

  private static func architecture(_ file: ConfigFile) throws(ResolutionError) -> String? {
    let names = try reading { () throws(ModelFilesError) in try file.strings("architectures") }
    guard let names else { return nil }
    guard names.count == 1 else {
      throw ResolutionError(
        .invalidOverride, "\(file.name): architectures has \(names.count) names; it takes one")
    }
    return names[0]
  }

  private static func tokenIDs(_ file: ConfigFile) throws(ResolutionError) -> [Int]? {
    let key = "returned_token_ids"
    guard let value = file[key] else { return nil }
    let all = Array(value.elements)
    let ids = all.compactMap(\.int).filter { (0...Int(Int32.max)).contains($0) }
    guard value.kind == .array, ids.count == all.count, !ids.isEmpty, Set(ids).count == ids.count
    else {
      throw ResolutionError(
        .invalidOverride, "\(file.name): \(key) is not a list of different token ids")
    }
    return ids
  }

  /// A string is one piece; a list of strings is as many.
  private static func template(_ file: ConfigFile) throws(ResolutionError) -> ScoreTemplate? {
    let key = "score_template"
    guard let value = file[key] else { return nil }
    let texts = value.kind == .array ? Array(value.elements) : [value]
    let pieces = texts.compactMap(\.stringBytes)
    guard pieces.count == texts.count, !pieces.isEmpty else {
      throw ResolutionError(
        .invalidOverride, "\(file.name): \(key) is neither a string nor a list of strings")
    }
    return try ScoreTemplate(pieces: pieces, source: "\(file.name): \(key)")
  }

  private static func specialTokens(_ file: ConfigFile) throws(ResolutionError) -> Bool? {
    let key = "special_tokens_in_texts"
    let name = try reading { () throws(ModelFilesError) in try file.string(key) }
    switch name {
    case nil: return nil
    case "read": return true
    case "refuse": return false
    case let name?:
      throw ResolutionError(
        .invalidOverride,
        "\(file.name): \(key) is \(name.quotedForMessage); it is one of read, refuse")
    }
  }
}
