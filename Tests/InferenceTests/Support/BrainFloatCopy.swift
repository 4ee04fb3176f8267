import Foundation

/// A copy of a model directory whose F32 tensors are stored as BF16 where that loses nothing.
final class BrainFloatCopy {
  let path: String
  /// Tensors that are BF16 in the copy.
  private(set) var narrowCount = 0

  init(of directory: String) throws {
    let files = FileManager.default
    let copy = files.temporaryDirectory.appendingPathComponent("millpond-\(UUID().uuidString)")
    path = copy.path
    try files.copyItem(atPath: directory, toPath: path)
    let names = files.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    for name in names where name.hasSuffix(".safetensors") {
      try convert(copy.appendingPathComponent(name))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func convert(_ file: URL) throws {
    let bytes = [UInt8](try Data(contentsOf: file))
    let headerSize = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let json = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + headerSize]))
    guard var header = json as? [String: [String: Any]] else {
      throw CocoaError(.fileReadCorruptFile)
    }
    // F32 first, so that it stays aligned without gaps.
    var wide: [(name: String, bytes: [UInt8])] = []
    var narrow: [(name: String, bytes: [UInt8])] = []
    for name in header.keys.sorted() where name != "__metadata__" {
      guard let offsets = header[name]?["data_offsets"] as? [Int] else { continue }
      let tensor = Array(bytes[8 + headerSize + offsets[0]..<8 + headerSize + offsets[1]])
      let isExact = stride(from: 0, to: tensor.count, by: 4).allSatisfy {
        tensor[$0] == 0 && tensor[$0 + 1] == 0
      }
      if header[name]?["dtype"] as? String == "F32", isExact {
        header[name]?["dtype"] = "BF16"
        narrow.append((name, tensor.indices.filter { $0 % 4 >= 2 }.map { tensor[$0] }))
      } else if header[name]?["dtype"] as? String == "BF16" {
        narrow.append((name, tensor))
      } else {
        wide.append((name, tensor))
      }
    }
    narrowCount += narrow.count
    var data: [UInt8] = []
    for tensor in wide + narrow {
      header[tensor.name]?["data_offsets"] = [data.count, data.count + tensor.bytes.count]
      data += tensor.bytes
    }
    var head = [UInt8](try JSONSerialization.data(withJSONObject: header))
    while head.count % 8 != 0 { head.append(0x20) }
    let size = (0..<8).map { UInt8(truncatingIfNeeded: head.count >> (8 * $0)) }
    try Data(size + head + data).write(to: file)
  }
}
