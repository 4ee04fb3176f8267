package import JSON

/// A model directory as downloaded: its configuration, its tokenizer file and its weights.
///
/// Weights are mapped, not read. Files other than those three are read when they are asked for.
package struct ModelDirectory: Sendable {
  /// The path as given, without slashes at its end.
  package let path: String
  /// `config.json`.
  package let config: ConfigFile
  /// `tokenizer.json`, whole.
  package let tokenizerFile: JSON
  /// The weights of `model.safetensors` or `pytorch_model.bin`, or of their shards.
  package let weights: WeightStore

  /// The file that `tokenizerFile` was read from.
  package var tokenizerPath: String { path + "/tokenizer.json" }

  /// Opens a directory. Blocks. Throws `.unreadable`, `.missing` and `.malformed`, naming the file.
  package init(path: String) throws(ModelFilesError) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard FileDescriptor.exists(trimmed) else {
      throw ModelFilesError(.missing, "\(path): there is no such directory")
    }
    guard FileDescriptor.isDirectory(trimmed) else {
      throw ModelFilesError(
        .unreadable,
        "\(path): this is a file; give the model's directory, the one with config.json in it")
    }
    self.path = trimmed
    for name in ["config.json", "tokenizer.json"]
    where !FileDescriptor.exists(trimmed + "/" + name) {
      throw ModelFilesError(.missing, "\(trimmed)/\(name) is missing")
    }
    config = try ConfigFile(path: trimmed + "/config.json", name: trimmed + "/config.json")
    weights = try WeightStore(directory: trimmed)
    tokenizerFile = try ConfigFile(
      path: trimmed + "/tokenizer.json", name: trimmed + "/tokenizer.json"
    ).json
  }

  /// The parsed file `relative` of this directory, nil if absent. Blocks. Throws `.unreadable`, and
  /// `.malformed` also for a path that leaves the directory.
  package func json(_ relative: String) throws(ModelFilesError) -> JSON? {
    guard let path = try existingPath(relative) else { return nil }
    return try ConfigFile.read(path)
  }

  /// As `json(_:)` for a file that must hold an object.
  package func configFile(_ relative: String) throws(ModelFilesError) -> ConfigFile? {
    guard let path = try existingPath(relative) else { return nil }
    return try ConfigFile(path: path, name: path)
  }

  /// The bytes of the file `relative`, nil if absent. Blocks. Throws as `json(_:)` does.
  package func bytes(_ relative: String) throws(ModelFilesError) -> [UInt8]? {
    guard let path = try existingPath(relative) else { return nil }
    return try FileDescriptor.content(of: path, byteCountMax: ConfigFile.byteCountMax)
  }

  /// The tensors of the PyTorch file `relative`, nil if absent. Blocks. Throws as reading it does.
  package func stateDict(_ relative: String) throws(ModelFilesError) -> TorchStateDict? {
    guard let path = try existingPath(relative) else { return nil }
    return try TorchStateDict(path: path)
  }

  private func existingPath(_ relative: String) throws(ModelFilesError) -> String? {
    let parts = relative.split(separator: "/", omittingEmptySubsequences: false)
    guard !relative.utf8.contains(0), parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw ModelFilesError(
        .malformed, "\(path): \(relative.quotedForMessage) is no path inside the directory")
    }
    let full = path + "/" + relative
    return FileDescriptor.exists(full) ? full : nil
  }
}
