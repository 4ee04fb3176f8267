import Glibc
import MillpondClient

/// A port of the loopback that nobody else gets while this lives: without a listener connections
/// are refused, and a server can be started there again and again.
final class LoopbackPort: Sendable {
  struct Failure: Error {}

  private let descriptor: Int32
  let address: ServerAddress

  /// - Parameter listens: the system accepts connections, and nobody says anything.
  init(listens: Bool = false) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var reuses: Int32 = 1
    // As listeners do: beside a socket that is bound without it they could not be bound.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, 4)
    var bound = sockaddr_in()
    bound.sin_family = sa_family_t(AF_INET)
    bound.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &bound) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && (!listens || listen(descriptor, 16) == 0)
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    address = ServerAddress(host: "127.0.0.1", port: Int(UInt16(bigEndian: bound.sin_port)))
    guard isBound else { throw Failure() }
  }

  deinit {
    close(descriptor)
  }
}
