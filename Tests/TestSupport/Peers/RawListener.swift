internal import Glibc

/// A port of this machine that accepts connections and keeps no contract.
package final class RawListener: Sendable {
  private let descriptor: OpenFile
  package let port: Int

  /// Listens; until `acceptAndSay` the system accepts by itself, and nothing is said.
  package init() throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = OpenFile(socket(AF_INET, kind, 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(descriptor.descriptor, address, length) == 0 else { return errno }
        guard listen(descriptor.descriptor, 16) == 0 else { return errno }
        return getsockname(descriptor.descriptor, address, &length) == 0 ? 0 : errno
      }
    }
    guard status == 0 else {
      throw TestFailure("cannot listen: \(String(cString: strerror(status)))")
    }
    self.descriptor = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  /// Waits for a connection, sends the bytes and closes it.
  package func acceptAndSay(_ bytes: [UInt8]) async throws {
    let flags = fcntl(descriptor.descriptor, F_GETFL)
    _ = fcntl(descriptor.descriptor, F_SETFL, flags | O_NONBLOCK)
    let connection = try await eventually("somebody connects") { () -> OpenFile? in
      let accepted = accept(descriptor.descriptor, nil, nil)
      return accepted < 0 ? nil : OpenFile(accepted)
    }
    _ = send(connection.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    shutdown(connection.descriptor, Int32(SHUT_WR))
    // To close with bytes unread would reset the connection before the peer has read ours.
    _ = try await eventually("the peer closes") { () -> Bool? in
      var page = [UInt8](repeating: 0, count: 4_096)
      let count = recv(connection.descriptor, &page, page.count, Int32(MSG_DONTWAIT))
      return count == 0 || (count < 0 && errno != EAGAIN) ? true : nil
    }
  }
}
