/// The table of contents of a PyTorch file (`torch.save` of a state dict, PyTorch 1.6 on), read
/// without running what the file says: of the pickle language only what plain tensors need is
/// understood, and all else is refused by name.
///
/// Several tensors may share their data, as tied weights do; each must lie row by row.
struct TorchTable {
  /// The tensors in the order of their data.
  let entries: [WeightEntry]

  /// How the files of PyTorch before 1.6 begin: a pickle of a certain number.
  private static let oldStart: [UInt8] = [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]

  /// Reads the table of the file of which `bytes` are all. Throws `.malformed` and `.unsupported`
  /// naming `path`, and the tensor where there is one.
  init(_ bytes: RawSpan, path: String) throws(ModelFilesError) {
    guard !bytes.hasPrefix(Self.oldStart) else {
      throw ModelFilesError(
        .unsupported,
        "\(path): this is the format of PyTorch before 1.6, which is not read; save it again with "
          + "safetensors.torch.save_file(torch.load(FILE, weights_only=True), "
          + "'model.safetensors')")
    }
    let archive = try StoredZip(bytes, path: path)
    let places = archive.entries.filter { $0.key.hasSuffix("/data.pkl") }
    guard let place = places.first else {
      throw ModelFilesError(
        .unsupported,
        "\(path): there is no data.pkl in it, so it is no state dict of PyTorch 1.6 on")
    }
    guard places.count == 1 else {
      throw ModelFilesError(
        .malformed, "\(path): there are \(places.count) data.pkl in it, which has to be one")
    }
    let folder = place.key.dropLast("data.pkl".count)
    if let order = archive.entries[folder + "byteorder"],
      bytes.extracting(order).copied() != Array("little".utf8)
    {
      throw ModelFilesError(.unsupported, "\(path): its byte order is not little")
    }
    var reader = try PickleReader(bytes.extracting(place.value), path: path)
    var entries: [WeightEntry] = []
    for (name, tensor) in try reader.tensors() {
      guard let storage = archive.entries[folder + "data/" + tensor.storage] else {
        throw ModelFilesError(
          .malformed, "\(path): the data of tensor \(name.quotedForMessage) is missing")
      }
      entries.append(try Self.entry(tensor, name, in: storage, path: path))
    }
    self.entries = entries.sorted {
      ($0.byteOffset, $0.summary.name) < ($1.byteOffset, $1.summary.name)
    }
  }

  private static func entry(
    _ tensor: PickledTensor, _ name: String, in storage: Range<Int>, path: String
  ) throws(ModelFilesError) -> WeightEntry {
    func malformed(_ text: String) -> ModelFilesError {
      ModelFilesError(.malformed, "\(path): tensor \(name.quotedForMessage) \(text)")
    }
    let isEmpty = tensor.shape.contains(0)
    var count = 1
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() {
      guard size >= 0, size <= 1 << 32 else { throw malformed("is too large") }
      guard isEmpty || size == 1 || stride == count else {
        throw malformed("is not stored row by row")
      }
      // With zeros counted as ones, so that no product of some dimensions can overflow either.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, product <= 1 << 48 else { throw malformed("is too large") }
      count = product
    }
    if isEmpty { count = 0 }
    guard tensor.offset >= 0, tensor.offset <= 1 << 48 else {
      throw malformed("begins outside its data")
    }
    let start = tensor.offset * tensor.elementByteCount
    let byteCount = count * tensor.elementByteCount
    guard start + byteCount <= storage.count else {
      throw malformed("needs \(start + byteCount) bytes, and its data has \(storage.count)")
    }
    return WeightEntry(
      summary: TensorSummary(name: name, type: tensor.type, shape: tensor.shape),
      byteOffset: storage.lowerBound + start, byteCount: byteCount)
  }
}
