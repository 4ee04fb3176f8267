internal import Glibc
internal import JSON

/// A configuration file: one JSON object whose keys are settings.
package struct SettingsFile: Sendable {
  /// The path as given, for messages.
  package let path: String
  let json: JSON

  /// Longest file read, in bytes.
  package static let byteCountMax = 1 << 20

  /// Reads a file.
  ///
  /// - Throws: `.unreadable`, naming the file and what is wrong.
  package init(path: String) throws(SettingsError) {
    try self.init(path: path, bytes: Self.contents(of: path))
  }

  /// Reads a file's bytes; `path` is for messages.
  ///
  /// - Throws: `.unreadable`, naming the file and what is wrong.
  package init(path: String, bytes: [UInt8]) throws(SettingsError) {
    self.path = path
    do throws(JSONError) {
      json = try JSON.parse(bytes)
    } catch {
      throw SettingsError(.unreadable, "\(path) is not JSON: \(error)")
    }
    guard json.kind == .object else {
      throw SettingsError(.unreadable, "\(path) is not a JSON object")
    }
  }

  private static func contents(of path: String) throws(SettingsError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: byteCountMax + 1)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      }
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw unreadable(path, errno) }
      if read == 0 { return Array(bytes[..<count]) }
      count += read
    }
    throw SettingsError(
      .unreadable, "\(path) is longer than a configuration can be: \(byteCountMax) bytes")
  }

  private static func unreadable(_ path: String, _ code: Int32) -> SettingsError {
    SettingsError(
      .unreadable, "cannot read the configuration \(path): \(String(cString: strerror(code)))")
  }
}
