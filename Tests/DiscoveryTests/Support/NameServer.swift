import Discovery
import Glibc
import Synchronization
import TestSupport

/// A dnsmasq that knows only what a test tells it, on a port of 127.0.0.1 that it keeps.
final class NameServer: Sendable {
  let port: Int
  private let configurationPath = ScratchFolder.shared.newPath("dnsmasq.conf")
  private let hostsPath = ScratchFolder.shared.newPath("dnsmasq.hosts")
  private let process = Mutex<ChildProcess?>(nil)

  private init(port: Int) {
    self.port = port
  }

  /// Starts one. Names that end with `.test` and are not told do not exist; others it refuses.
  ///
  /// - Parameters:
  ///   - hosts: lines of a hosts file: addresses and names.
  ///   - records: lines of its configuration.
  ///   - ttl: of all records, in seconds.
  static func start(
    hosts: [String] = [], records: [String] = [], ttl: Int = 1
  ) async throws -> NameServer {
    var failure = TestFailure("dnsmasq was not started")
    // Between the look and the start another may take the port.
    for _ in 0..<5 {
      let server = NameServer(port: try freePort())
      try server.write(hosts: hosts)
      do {
        try await server.start(records: records, ttl: ttl)
        return server
      } catch let error as TestFailure {
        failure = error
      }
    }
    throw failure
  }

  /// Lookups that ask it, and whose hosts file knows nothing.
  var resolver: ResolverConfiguration {
    ResolverConfiguration(
      configurationPath: "/etc/resolv.conf", servers: ["127.0.0.1:\(port)"],
      hostsPath: "/dev/null", hostsTTL: .seconds(1), serverTimeout: .seconds(1), rounds: 2,
      lookupTimeout: .seconds(10))
  }

  /// Has it read other hosts, without a new start.
  func change(hosts: [String]) throws {
    try write(hosts: hosts)
    process.withLock { $0?.send(SIGHUP) }
  }

  /// Ends it without ado.
  func kill() async throws {
    guard let running = process.withLock({ $0 }) else { return }
    running.send(SIGKILL)
    _ = try await running.exit()
    process.withLock { $0 = nil }
  }

  /// Starts it anew at the same port.
  func restart(records: [String] = [], ttl: Int = 1) async throws {
    try await kill()
    try await start(records: records, ttl: ttl)
  }

  private func start(records: [String], ttl: Int) async throws {
    let lines =
      [
        "no-resolv", "no-hosts", "port=\(port)", "listen-address=127.0.0.1", "bind-interfaces",
        "local=/test/", "local-ttl=\(ttl)", "pid-file=", "addn-hosts=\(hostsPath)",
      ] + records
    try Self.write(lines, to: configurationPath)
    let arguments =
      ["--keep-in-foreground", "--conf-file=\(configurationPath)", "--log-facility=-"]
      // Else it would become somebody who may not read its files.
      + (geteuid() == 0 ? ["--user=root"] : [])
    let started = try ChildProcess(Self.program(), arguments)
    process.withLock { $0 = started }
    try await eventually("dnsmasq listens at port \(port)") {
      if let exit = started.pollExit() {
        throw TestFailure("dnsmasq ended with \(exit): \(started.standardError)")
      }
      return Self.isListening(port)
    }
  }

  private func write(hosts: [String]) throws {
    try Self.write(hosts, to: hostsPath)
  }

  private static func write(_ lines: [String], to path: String) throws {
    try TextFile.write(lines.map { $0 + "\n" }.joined(), to: path)
  }

  private static func program() throws -> String {
    for folder in ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"]
    where access("\(folder)/dnsmasq", X_OK) == 0 {
      return "\(folder)/dnsmasq"
    }
    throw TestFailure(
      "dnsmasq is not installed, and these tests need it: `make setup` installs it "
        + "(Debian package dnsmasq-base)")
  }

  private static func isListening(_ port: Int) -> Bool {
    guard let socket = try? LoopbackSocket(SOCK_STREAM) else { return false }
    return socket.connect(to: port)
  }

  /// A port that nobody has for TCP nor for UDP.
  static func freePort() throws -> Int {
    for _ in 0..<100 {
      let stream = try LoopbackSocket(SOCK_STREAM)
      let port = try stream.bind(to: 0)
      if (try? LoopbackSocket(SOCK_DGRAM).bind(to: port)) != nil { return port }
    }
    throw TestFailure("there is no free port")
  }
}

/// A socket of 127.0.0.1, closed when this object goes.
private final class LoopbackSocket {
  private let descriptor: Int32

  init(_ type: __socket_type) throws {
    descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestFailure("no socket: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// - Returns: the port that it has.
  func bind(to port: Int) throws -> Int {
    var address = Self.address(port)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    guard status == 0 else { throw TestFailure("port \(port): errno \(errno)") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  func connect(to port: Int) -> Bool {
    var address = Self.address(port)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
