internal import JSON

/// The weights of a model: one file, or the shards that an index file lists.
package final class WeightStore: Sendable {
  private struct Place: Sendable {
    var fileIndex: Int
    var entryIndex: Int
  }

  private let files: [WeightFile]
  private let places: [String: Place]
  /// What the weights are called in messages: the path of the file or of the index.
  package let source: String
  /// Every tensor, file by file in the order of its data.
  package let tensors: [TensorSummary]

  /// Opens `model.safetensors` of `directory`, else the shards that `model.safetensors.index.json`
  /// lists, else `pytorch_model.bin` or the shards of `pytorch_model.bin.index.json`.
  ///
  /// Data is read when it is asked for. Throws `.missing` without any of them, `.unreadable`,
  /// `.malformed` and `.unsupported`.
  package convenience init(directory: String) throws(ModelFilesError) {
    for format in WeightFormat.allCases {
      let single = directory + "/" + format.fileName
      let index = single + ".index.json"
      if FileDescriptor.exists(single) {
        try self.init(files: [single], format: format, source: single)
        return
      }
      if FileDescriptor.exists(index) {
        try self.init(index: index, directory: directory, format: format)
        return
      }
    }
    throw ModelFilesError(
      .missing, "\(directory)/model.safetensors is missing, and there is no pytorch_model.bin")
  }

  private convenience init(
    index: String, directory: String, format: WeightFormat
  ) throws(ModelFilesError) {
    let map = try ConfigFile(path: index, name: index).json["weight_map"]
    guard let map, map.kind == .object, map.count > 0 else {
      throw ModelFilesError(.malformed, "\(index): weight_map is not an object with tensors")
    }
    var names: [String] = []
    var fileOfTensor: [String: String] = [:]
    for member in map.members {
      let tensor = String(decoding: member.key, as: UTF8.self)
      guard let name = member.value.string, name.hasSuffix(format.suffix),
        !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
      else {
        throw ModelFilesError(
          .malformed,
          "\(index): weight_map: \(tensor.quotedForMessage) names no \(format.name) file beside it")
      }
      if fileOfTensor.updateValue(name, forKey: tensor) != nil {
        throw ModelFilesError(
          .malformed, "\(index): weight_map lists \(tensor.quotedForMessage) twice")
      }
      if !names.contains(name) { names.append(name) }
    }
    names.sort()
    try self.init(files: names.map { directory + "/" + $0 }, format: format, source: index)
    for (tensor, name) in fileOfTensor.sorted(by: { $0.key < $1.key }) {
      guard let place = places[tensor], names[place.fileIndex] == name else {
        throw ModelFilesError(
          .malformed,
          "\(index): tensor \(tensor.quotedForMessage) is not in "
            + name.quotedForMessage)
      }
    }
  }

  private init(
    files paths: [String], format: WeightFormat, source: String
  ) throws(ModelFilesError) {
    var files: [WeightFile] = []
    var places: [String: Place] = [:]
    var tensors: [TensorSummary] = []
    for path in paths {
      let file = try WeightFile(path: path, format: format)
      for (index, entry) in file.entries.enumerated() {
        let place = Place(fileIndex: files.count, entryIndex: index)
        if places.updateValue(place, forKey: entry.summary.name) != nil {
          throw ModelFilesError(
            .malformed,
            "\(path): tensor \(entry.summary.name.quotedForMessage) is in another shard too")
        }
        tensors.append(entry.summary)
      }
      files.append(file)
    }
    self.files = files
    self.places = places
    self.tensors = tensors
    self.source = source
  }

  /// Path and identity of every file, in the order of the index.
  package var mappedFiles: [MappedFile] { files.map(\.mapping) }

  /// Whether a tensor of this name exists, of whatever type.
  package func contains(_ name: String) -> Bool { places[name] != nil }

  /// Type, shape and place of a tensor. Throws `.missing` where there is none, `.unsupported` where
  /// its type is not a `TensorType`.
  package func descriptor(_ name: String) throws(ModelFilesError) -> TensorDescriptor {
    guard let place = places[name] else {
      throw ModelFilesError(.missing, "\(source): tensor \(name.quotedForMessage) is missing")
    }
    let file = files[place.fileIndex]
    let entry = file.entries[place.entryIndex]
    let type = try entry.floatType(path: file.mapping.path)
    return TensorDescriptor(
      name: name, type: type, shape: entry.summary.shape, byteOffset: entry.byteOffset,
      byteCount: entry.byteCount, file: file.mapping.path, fileIndex: place.fileIndex)
  }

  /// As `descriptor(_:)`, and throws `.malformed` naming both shapes where the shape is not
  /// `shape`.
  package func descriptor(
    _ name: String, shape: [Int]
  ) throws(ModelFilesError) -> TensorDescriptor {
    let descriptor = try descriptor(name)
    guard descriptor.shape == shape else {
      throw ModelFilesError(
        .malformed,
        "\(descriptor.file): tensor \(name.quotedForMessage) has the shape "
          + "\(descriptor.shape), but config.json asks for \(shape)")
    }
    return descriptor
  }

  /// Calls `body` with the little-endian data of a tensor of this store: `descriptor.byteCount`
  /// bytes, aligned to the element size, valid during the call. Page faults may block.
  package func withBytes<R, E: Error>(
    of descriptor: TensorDescriptor, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try files[descriptor.fileIndex].withBytes(
      at: descriptor.byteOffset, count: descriptor.byteCount,
      alignment: descriptor.type.byteCount, body)
  }

  /// The elements of a tensor of this store as float32, which every `TensorType` converts to
  /// exactly. Allocates.
  package func floats(of descriptor: TensorDescriptor) -> [Float] {
    withBytes(of: descriptor) { bytes in
      let count = descriptor.elementCount
      return unsafe [Float](unsafeUninitializedCapacity: count) { result, initializedCount in
        for index in 0..<count {
          unsafe result.initializeElement(
            at: index, to: descriptor.type.float(bytes, at: index))
        }
        initializedCount = count
      }
    }
  }

  /// Gives all pages back to the system, once the weights were copied into another layout.
  package func releasePages() {
    for file in files { file.mapping.releasePages() }
  }
}
