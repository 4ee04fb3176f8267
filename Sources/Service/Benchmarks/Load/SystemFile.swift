internal import Glibc

/// Small files of the system, and files that the user names.
enum SystemFile {
  /// The bytes of a file, or the errno value that says why there are none.
  static func bytes(_ path: String) -> Result<[UInt8], SystemError> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failure(SystemError(number: errno)) }
      guard count > 0 else { return .success(bytes) }
      bytes += block[..<count]
    }
  }

  /// A file as text; nil if it is not readable. Files of `/proc` may vanish at any time.
  static func text(_ path: String) -> String? {
    guard case .success(let bytes) = bytes(path) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The ids of all processes that are visible.
  static func processIDs() -> [Int] {
    names(in: "/proc").compactMap { Int($0) }
  }

  /// What is in a folder; nothing if it is not readable.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(
          to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)
        ) {
          String(cString: $0)
        }
      }
      names.append(name)
    }
    return names
  }

  /// Where a symbolic link points; nil if it is none.
  static func target(ofLink path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { readlink(path, $0, characters.count) } ?? -1
      }
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}

/// An error of the system.
struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  var number: Int32

  var description: String { String(cString: strerror(number)) }
}
