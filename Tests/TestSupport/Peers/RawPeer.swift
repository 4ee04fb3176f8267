internal import Glibc
internal import NIOCore
package import Transport
package import Wire

/// The other side of a server's connection as bytes: it may break every rule.
///
/// The socket never blocks: all waiting is bounded and leaves the thread to others. One task at a
/// time uses it.
package final class RawPeer {
  private let descriptor: OpenFile
  private var buffer = ByteBuffer()
  private var decoder = FrameDecoder(frameBytesMax: 64 << 20)
  /// The server has ended its side, or reset the connection.
  package private(set) var isAtEnd = false
  package private(set) var bytesReceived = 0

  /// Connects to a port of this machine.
  ///
  /// - Parameter receiveBufferBytes: of the socket, for peers that do not read; nil is the system's.
  /// - Throws: `TestFailure`.
  package init(port: Int, receiveBufferBytes: Int32? = nil) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    descriptor = OpenFile(socket(AF_INET, kind, 0))
    if var bytes = receiveBufferBytes {
      setsockopt(descriptor.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
    }
    var yes: Int32 = 1
    setsockopt(descriptor.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
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

  /// Sends what the system takes now.
  ///
  /// - Returns: how many bytes; nil if the server has closed.
  package func sendNow(_ bytes: ArraySlice<UInt8>) -> Int? {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    let count = bytes.withUnsafeBytes {
      Glibc.send(descriptor.descriptor, $0.baseAddress, $0.count, flags)
    }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  /// Sends everything.
  ///
  /// - Returns: false if the server has closed.
  @discardableResult
  package func send(_ bytes: [UInt8]) async throws -> Bool {
    var rest = bytes[...]
    return try await eventually("the server takes \(bytes.count) bytes") {
      guard let count = sendNow(rest) else { return false }
      rest = rest.dropFirst(count)
      return rest.isEmpty ? true : nil
    }
  }

  /// The server's next frame, or nil at the end of the stream.
  package func readFrame(within limit: Duration = Patience.usual) async throws -> Frame? {
    try await eventually(
      "the server sends a frame", within: limit, every: .milliseconds(1)
    ) { () -> Frame?? in
      if let frame = try decoder.decode(buffer: &buffer) { return .some(frame) }
      if isAtEnd { return .some(nil) }
      receiveNow()
      return nil
    }
  }

  /// The server's next frame that is no hello and no load report, or nil at the end of the stream.
  package func readAnswer(within limit: Duration = Patience.usual) async throws -> Frame? {
    while let frame = try await readFrame(within: limit) {
      if frame.header.kind != .hello, frame.header.kind != .loadReport { return frame }
    }
    return nil
  }

  /// The head of the next answer to a call.
  ///
  /// - Throws: `TestFailure` if the server closes or says something else.
  package func readResponseHead() async throws -> ResponseHead {
    guard let frame = try await readAnswer(), frame.header.kind == .response else {
      throw TestFailure("the server sent no response")
    }
    return try ResponseHead(decoding: frame.head.readableBytesSpan)
  }

  /// Everything up to the end of the stream, thrown away but for the last go-away.
  package func readGoAway(within limit: Duration = Patience.usual) async throws -> GoAway? {
    var last: GoAway?
    while let frame = try await readFrame(within: limit) {
      guard frame.header.kind == .goAway else { continue }
      last = try GoAway(decoding: frame.head.readableBytesSpan)
    }
    return last
  }

  /// What `readGoAway` gives, if the stream has ended; nil while it has not.
  package func readGoAwayNow() async throws -> GoAway?? {
    receiveNow()
    guard isAtEnd else { return nil }
    return .some(try await readGoAway())
  }

  /// Takes in what has come, and gives the count of all bytes so far.
  package func receiveSome() throws -> Int {
    receiveNow()
    return bytesReceived
  }

  /// Ends the stream in this direction.
  package func endSending() {
    shutdown(descriptor.descriptor, Int32(SHUT_WR))
  }

  /// Makes the connection's end a reset, when this object goes.
  package func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor.descriptor, SOL_SOCKET, SO_LINGER, &option,
      socklen_t(MemoryLayout<linger>.size))
  }

  private func receiveNow() {
    var page = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor.descriptor, &page, page.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      buffer.writeBytes(page[..<count])
      bytesReceived += count
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      isAtEnd = true
    }
  }
}
