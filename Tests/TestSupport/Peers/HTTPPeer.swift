internal import Glibc

/// An answer over HTTP.
package struct HTTPAnswer: Sendable, Equatable {
  package var code: Int
  /// By names in small letters.
  package var headers: [String: String]
  package var body: String
}

/// A client over HTTP/1.1 that may break every rule.
///
/// The socket never blocks: all waiting is bounded and leaves the thread to others. One task at a
/// time uses it.
package final class HTTPPeer {
  private let descriptor: OpenFile
  private var received: [UInt8] = []
  private var isAtEnd = false

  /// Connects to a port of this machine.
  ///
  /// - Throws: `TestFailure`.
  package init(port: Int) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    descriptor = OpenFile(socket(AF_INET, kind, 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      throw TestFailure("connect to port \(port): \(String(cString: strerror(errno)))")
    }
  }

  /// What a server answers to one GET on a connection of its own.
  package static func get(_ path: String, port: Int) async throws -> HTTPAnswer {
    let peer = try HTTPPeer(port: port)
    peer.send("GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
    guard let answer = try await peer.readAnswer() else {
      throw TestFailure("the server closed in place of an answer to \(path)")
    }
    return answer
  }

  /// Sends what the system takes now: all of it, unless it is much.
  ///
  /// - Returns: false if not all was sent, or the server has closed.
  @discardableResult
  package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return Glibc.send(descriptor.descriptor, bytes, bytes.count, flags) == bytes.count
  }

  /// The next answer, or nil where the connection ends in its place.
  ///
  /// - Parameter hasBody: false after a HEAD, whose answer has none.
  package func readAnswer(hasBody: Bool = true) async throws -> HTTPAnswer? {
    try await eventually("the server answers", every: .milliseconds(1)) { () -> HTTPAnswer?? in
      if let answer = takeAnswer(hasBody) { return .some(answer) }
      if isAtEnd { return .some(nil) }
      receiveNow()
      return nil
    }
  }

  /// Waits for the end of the connection.
  ///
  /// - Returns: how many bytes came before it.
  package func readToEnd(within limit: Duration = Patience.usual) async throws -> Int {
    try await eventually("the server closes", within: limit, every: .milliseconds(1)) {
      receiveNow()
      return isAtEnd ? received.count : nil
    }
  }

  /// Whether the connection is open, and nothing has come.
  package var isQuiet: Bool {
    receiveNow()
    return !isAtEnd && received.isEmpty
  }

  private func takeAnswer(_ hasBody: Bool) -> HTTPAnswer? {
    let text = String(decoding: received, as: UTF8.self)
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
    guard let start = lines.popFirst(), let end = lines.firstIndex(of: "") else { return nil }
    var answer = HTTPAnswer(
      code: Int(start.split(separator: " ").dropFirst().first ?? "") ?? 0, headers: [:], body: "")
    for line in lines[..<end] {
      let parts = line.split(separator: ":", maxSplits: 1)
      let value = parts.count < 2 ? "" : parts[1].drop { $0 == " " }
      answer.headers[parts[0].lowercased()] = String(value)
    }
    let headBytes = lines[..<end].reduce(start.utf8.count + 4) { $0 + $1.utf8.count + 2 }
    let bodyBytes = hasBody ? Int(answer.headers["content-length"] ?? "") ?? 0 : 0
    guard received.count >= headBytes + bodyBytes else { return nil }
    answer.body = String(decoding: received[headBytes..<headBytes + bodyBytes], as: UTF8.self)
    received.removeFirst(headBytes + bodyBytes)
    return answer
  }

  private func receiveNow() {
    var page = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor.descriptor, &page, page.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      received += page[..<count]
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      isAtEnd = true
    }
  }
}
