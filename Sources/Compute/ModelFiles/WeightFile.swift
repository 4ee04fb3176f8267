/// One safetensors or PyTorch file: mapped, its table of contents checked completely.
final class WeightFile: Sendable {
  let mapping: MappedFile
  /// The tensors in the order of their data.
  let entries: [WeightEntry]

  /// Maps a file. Throws `.unreadable`, also for the pointer of a file that Git did not fetch,
  /// `.malformed` and `.unsupported`.
  init(path: String, format: WeightFormat) throws(ModelFilesError) {
    let mapping = try MappedFile(path: path)
    self.mapping = mapping
    try GitLFSPointer.refuse(mapping.bytes, path: path)
    switch format {
    case .safetensors: entries = try SafetensorsHeader(mapping.bytes, path: path).entries
    case .torch: entries = try TorchTable(mapping.bytes, path: path).entries
    }
  }

  /// Calls `body` with the bytes of a tensor, aligned to `alignment`.
  ///
  /// Files written before the format asked for an aligned header give a temporary copy.
  func withBytes<R, E: Error>(
    at byteOffset: Int, count: Int, alignment: Int, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let mapping = mapping
    let bytes = mapping.bytes.extracting(byteOffset..<byteOffset + count)
    // The mapping begins at a page, so that the offset decides.
    if byteOffset % alignment == 0 { return try body(bytes) }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { unsafe copy.deallocate() }
    unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
    return try body(unsafe UnsafeRawBufferPointer(copy).bytes)
  }
}

/// The formats of weight files, the one that is taken first where a directory has both.
enum WeightFormat: CaseIterable, Sendable {
  /// huggingface/safetensors.
  case safetensors
  /// `torch.save` of a state dict, PyTorch 1.6 on.
  case torch

  /// The name of a file with all weights. That of the list of several ends in `.index.json`.
  var fileName: String {
    switch self {
    case .safetensors: "model.safetensors"
    case .torch: "pytorch_model.bin"
    }
  }

  /// How the names of its files end.
  var suffix: String {
    switch self {
    case .safetensors: ".safetensors"
    case .torch: ".bin"
    }
  }

  /// What messages call it.
  var name: String {
    switch self {
    case .safetensors: "safetensors"
    case .torch: "PyTorch"
    }
  }
}
