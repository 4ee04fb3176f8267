internal import Glibc

/// A service manager's end of the socket that services notify.
package final class NotifySocket: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Listens on a path, or on `@` and an abstract name.
  package init(_ name: String) throws {
    path = name
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    let isAbstract = name.hasPrefix("@")
    if isAbstract { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(2 + bytes.count + (isAbstract ? 0 : 1))
    let status = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard status == 0 else { throw TestFailure("bind \(name): errno \(errno)") }
  }

  deinit {
    close(descriptor)
    if path.hasPrefix("/") { unlink(path) }
  }

  /// A datagram that has come, or nil.
  package func receive() -> String? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }
}
