/// The tensors of a small PyTorch file (`torch.save` of a state dict), read without running what
/// the file says: of the pickle language only what plain tensors need is understood, and all else
/// is refused by name.
package struct TorchStateDict: Sendable {
  /// The file.
  package let path: String
  private let bytes: [UInt8]
  private let entries: [String: WeightEntry]

  /// Largest file: heads are a few megabytes.
  private static let byteCountMax = 256 << 20

  /// Reads a file. Blocks. Throws `.unreadable`, `.malformed` and `.unsupported`, naming the file.
  package init(path: String) throws(ModelFilesError) {
    try self.init(
      FileDescriptor.content(of: path, byteCountMax: Self.byteCountMax), path: path)
  }

  /// Reads the content of a file. Throws as `init(path:)` does.
  package init(_ bytes: [UInt8], path: String) throws(ModelFilesError) {
    let table = try unsafe TorchTable(bytes.span.bytes, path: path)
    self.path = path
    self.bytes = bytes
    entries = Dictionary(uniqueKeysWithValues: table.entries.map { ($0.summary.name, $0) })
  }

  /// The names of all tensors, sorted.
  package var names: [String] { entries.keys.sorted() }

  /// The shape of a tensor, nil where there is none.
  package func shape(of name: String) -> [Int]? { entries[name]?.summary.shape }

  /// The elements of a tensor in f32. Throws `.missing` where there is none, `.malformed` naming
  /// both shapes where it has another, and `.unsupported` for other elements than floats.
  package func floats(_ name: String, shape: [Int]) throws(ModelFilesError) -> [Float] {
    guard let entry = entries[name] else {
      throw ModelFilesError(.missing, "\(path): tensor \(name.quotedForMessage) is missing")
    }
    guard entry.summary.shape == shape else {
      throw ModelFilesError(
        .malformed,
        "\(path): tensor \(name.quotedForMessage) has the shape \(entry.summary.shape), but the "
          + "model asks for \(shape)")
    }
    let type = try entry.floatType(path: path)
    let bytes = unsafe bytes.span.bytes.extracting(
      entry.byteOffset..<entry.byteOffset + entry.byteCount)
    return (0..<entry.summary.elementCount).map { type.float(bytes, at: $0) }
  }
}
