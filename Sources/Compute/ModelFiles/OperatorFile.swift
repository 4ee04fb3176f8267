/// Files that the operator names, outside the model directory.
package enum OperatorFile {
  /// Most bytes of such a file.
  package static let byteCountMax = 1 << 20

  /// The bytes of the file at `path`. Blocks. Throws `.unreadable`, and `.unsupported` over
  /// `byteCountMax`, naming the file.
  package static func bytes(_ path: String) throws(ModelFilesError) -> [UInt8] {
    guard FileDescriptor.exists(path) else {
      throw ModelFilesError(.missing, "\(path): there is no such file")
    }
    return try FileDescriptor.content(of: path, byteCountMax: byteCountMax)
  }
}

/// XXH3-128 of a text as 32 hexadecimal digits: for a fingerprint, not against forgery.
package func textHash(_ text: String) -> String {
  var hasher = ContentHasher()
  hasher.field(Array(text.utf8))
  return hasher.digest()
}
