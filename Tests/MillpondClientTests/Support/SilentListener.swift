import Glibc
import MillpondClient

/// A port that the system accepts connections on and where nobody says anything.
final class SilentListener: Sendable {
  struct Failure: Error {}

  private let descriptor: Int32
  let address: ServerAddress

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var bound = sockaddr_in()
    bound.sin_family = sa_family_t(AF_INET)
    bound.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listens = withUnsafeMutablePointer(to: &bound) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    address = ServerAddress(host: "127.0.0.1", port: Int(UInt16(bigEndian: bound.sin_port)))
    guard listens else { throw Failure() }
  }

  deinit {
    close(descriptor)
  }
}
