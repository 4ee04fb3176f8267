import Glibc
import NIOCore
import Transport
import Wire

/// The other side as bytes on a blocking socket: it may break every rule. All waiting is bounded.
final class RawPeer {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// What no read waits longer for; a test that meets it has failed.
  static let patienceMilliseconds: Int32 = 10_000

  private let descriptor: Int32
  private var buffer = ByteBuffer()
  private var decoder = FrameDecoder(frameBytesMax: 64 << 20)
  /// The peer's end of the stream was seen, or a reset.
  private(set) var isAtEnd = false

  fileprivate init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// - Parameter receiveBufferBytes: of the socket, for peers that do not read; nil is the system's.
  init(port: Int, receiveBufferBytes: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var bytes = receiveBufferBytes {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
    }
    try withLoopbackAddress(port: port) { address, length in
      guard connect(descriptor, address, length) == 0 else {
        throw Failure(description: "connect: errno \(errno)")
      }
    }
  }

  deinit {
    close(descriptor)
  }

  /// - Returns: false if the other side has closed.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ frames: Frame...) -> Bool {
    send(frames.flatMap(\.encoded))
  }

  /// The next frame, or nil at the end of the stream.
  func readFrame() throws -> Frame? {
    while true {
      if let frame = try decoder.decode(buffer: &buffer) { return frame }
      if isAtEnd { return nil }
      guard try receive(waitingMilliseconds: Self.patienceMilliseconds) else {
        throw Failure(description: "nothing came in \(Self.patienceMilliseconds) ms")
      }
    }
  }

  /// The next frame that is no hello and no load report, or nil at the end of the stream.
  func readAnswer() throws -> Frame? {
    while let frame = try readFrame() {
      if frame.header.kind != .hello, frame.header.kind != .loadReport { return frame }
    }
    return nil
  }

  /// Everything up to the end of the stream.
  func readToEnd() throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try readFrame() { frames.append(frame) }
    return frames
  }

  /// Waits for bytes or the end of the stream, and takes in what has come.
  ///
  /// - Returns: whether something came in that time.
  @discardableResult
  func receive(waitingMilliseconds: Int32) throws -> Bool {
    var polled = pollfd(descriptor, Int16(POLLIN))
    guard poll(&polled, 1, waitingMilliseconds) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 256 << 10)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count > 0 { buffer.writeBytes(bytes[..<count]) } else { isAtEnd = true }
    return true
  }

  /// Ends the stream in this direction.
  func endSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Vanishes with a reset when it is released.
  func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

/// A server as bytes: it listens, and what it accepts is a `RawPeer`.
final class RawServer {
  private let descriptor: Int32
  let port: Int

  init() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.descriptor = descriptor
    try withLoopbackAddress(port: 0) { address, length in
      guard bind(descriptor, address, length) == 0, listen(descriptor, 16) == 0 else {
        throw RawPeer.Failure(description: "listen: errno \(errno)")
      }
    }
    var bound = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &bound) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    port = Int(UInt16(bigEndian: bound.sin_port))
  }

  deinit {
    close(descriptor)
  }

  func accept() throws -> RawPeer {
    var polled = pollfd(descriptor, Int16(POLLIN))
    guard poll(&polled, 1, RawPeer.patienceMilliseconds) > 0 else {
      throw RawPeer.Failure(description: "nobody connected")
    }
    return RawPeer(descriptor: Glibc.accept(descriptor, nil, nil))
  }
}

extension pollfd {
  fileprivate init(_ descriptor: Int32, _ events: Int16) {
    self.init(fd: descriptor, events: events, revents: 0)
  }
}

private func withLoopbackAddress(
  port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
) throws {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(UInt16(port).bigEndian)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  try withUnsafePointer(to: &address) { pointer in
    try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
