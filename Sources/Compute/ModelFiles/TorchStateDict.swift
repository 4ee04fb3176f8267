/// The tensors of a small PyTorch file (`torch.save` of a state dict), read without running what
/// the file says: of the pickle language only what plain tensors need is understood, and all else
/// is refused by name.
package struct TorchStateDict: Sendable {
  /// Where a tensor lies.
  struct Entry: Sendable, Equatable {
    var type: TensorType
    var shape: [Int]
    /// Little-endian elements in row order, bytes of the file.
    var bytes: Range<Int>
  }

  /// The file.
  package let path: String
  private let bytes: [UInt8]
  private let entries: [String: Entry]

  /// Largest file: heads are a few megabytes.
  private static let byteCountMax = 256 << 20

  /// Reads a file. Blocks. Throws `.unreadable`, `.malformed` and `.unsupported`, naming the file.
  package init(path: String) throws(ModelFilesError) {
    try self.init(
      FileDescriptor.content(of: path, byteCountMax: Self.byteCountMax), path: path)
  }

  /// Reads the content of a file. Throws as `init(path:)` does.
  package init(_ bytes: [UInt8], path: String) throws(ModelFilesError) {
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
      bytes[order] != ArraySlice("little".utf8)
    {
      throw ModelFilesError(.unsupported, "\(path): its byte order is not little")
    }
    var machine = PickleReader(Array(bytes[place.value]), path: path)
    var entries: [String: Entry] = [:]
    for (name, tensor) in try machine.tensors() {
      guard let storage = archive.entries[folder + "data/" + tensor.storage] else {
        throw ModelFilesError(
          .malformed, "\(path): the data of tensor \(name.quotedForMessage) is missing")
      }
      entries[name] = try Self.entry(tensor, name, in: storage, path: path)
    }
    self.path = path
    self.bytes = bytes
    self.entries = entries
  }

  private static func entry(
    _ tensor: PickledTensor, _ name: String, in storage: Range<Int>, path: String
  ) throws(ModelFilesError) -> Entry {
    func malformed(_ text: String) -> ModelFilesError {
      ModelFilesError(.malformed, "\(path): tensor \(name.quotedForMessage) \(text)")
    }
    var count = 1
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() {
      guard size > 0, size <= 1 << 24, size == 1 || stride == count else {
        throw malformed("is not stored row by row")
      }
      count *= size
      guard count <= 1 << 32 else { throw malformed("is too large") }
    }
    guard tensor.offset >= 0, tensor.offset <= 1 << 32 else {
      throw malformed("begins outside its data")
    }
    let start = tensor.offset * tensor.type.byteCount
    let byteCount = count * tensor.type.byteCount
    guard start + byteCount <= storage.count else {
      throw malformed("needs \(start + byteCount) bytes, and its data has \(storage.count)")
    }
    let first = storage.lowerBound + start
    return Entry(type: tensor.type, shape: tensor.shape, bytes: first..<first + byteCount)
  }

  /// The names of all tensors, sorted.
  package var names: [String] { entries.keys.sorted() }

  /// The shape of a tensor, nil where there is none.
  package func shape(of name: String) -> [Int]? { entries[name]?.shape }

  /// The elements of a tensor in f32. Throws `.missing` where there is none, and `.malformed` naming
  /// both shapes where it has another.
  package func floats(_ name: String, shape: [Int]) throws(ModelFilesError) -> [Float] {
    guard let entry = entries[name] else {
      throw ModelFilesError(.missing, "\(path): tensor \(name.quotedForMessage) is missing")
    }
    guard entry.shape == shape else {
      throw ModelFilesError(
        .malformed,
        "\(path): tensor \(name.quotedForMessage) has the shape \(entry.shape), but the model "
          + "asks for \(shape)")
    }
    let size = entry.type.byteCount
    return stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: size).map { start in
      var bits: UInt32 = 0
      for index in 0..<size { bits |= UInt32(bytes[start + index]) << UInt32(8 * index) }
      switch entry.type {
      case .f32: return Float(bitPattern: bits)
      case .bf16: return Float(bitPattern: bits << 16)
      case .f16: return Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
      }
    }
  }
}
