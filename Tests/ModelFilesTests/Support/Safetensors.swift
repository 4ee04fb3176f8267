/// Makes safetensors files, sound or not.
enum Safetensors {
  /// A file of a header text and data.
  static func file(header: String, data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text + data
  }

  /// A sound file of tensors one after another.
  static func file(
    _ tensors: [(name: String, type: String, shape: [Int], data: [UInt8])], padding: Int = 0
  ) -> [UInt8] {
    var data: [UInt8] = []
    var members: [String] = [#""__metadata__":{"format":"pt"}"#]
    for tensor in tensors {
      let end = data.count + tensor.data.count
      members.append(
        "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(data.count),\(end)]}")
      data += tensor.data
    }
    let header = "{" + members.joined(separator: ",") + "}"
    return file(header: header + String(repeating: " ", count: padding), data: data)
  }

  /// Little-endian float32.
  static func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
  }

  /// Little-endian 16-bit words.
  static func bytes(_ words: [UInt16]) -> [UInt8] {
    words.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
  }
}
