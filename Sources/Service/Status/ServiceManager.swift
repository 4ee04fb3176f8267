internal import CPlatform
internal import Glibc

/// The service manager that started this process, such as systemd: told by datagrams to
/// `$NOTIFY_SOCKET` how the service does (`sd_notify(3)`).
///
/// Without the variable nothing happens. A datagram never waits: one that the manager does not take
/// is lost, and `notify` says so. A process that is started by another of ours must not speak to
/// the manager: it is not what the manager started.
package struct ServiceManager: Sendable {
  /// What is said.
  package enum Notice: Sendable, Equatable {
    /// The service takes calls, after its start or after `reloading`.
    case ready
    /// The service has begun to end.
    case stopping
    /// The service reads its configuration again; `ready` follows.
    case reloading
    /// What it does now, for a person: one line of at most 512 bytes, cut beyond that.
    case status(String)
    /// It is well. To be said every `watchdogInterval` while the event loop answers, and only then:
    /// the manager ends a service that says it no more.
    case watchdog
  }

  /// Bytes of a status.
  private static let statusBytesMax = 512

  /// A path, or `@` and an abstract name; nil: nobody listens.
  private let socketName: String?
  /// Half the time after which the manager gives the service up, or nil where it does not watch.
  package let watchdogInterval: Duration?

  /// The manager that the environment names.
  package static var ofThisProcess: ServiceManager {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    return ServiceManager(
      socketName: variable("NOTIFY_SOCKET"), watchdogMicroseconds: variable("WATCHDOG_USEC"),
      watchdogProcessID: variable("WATCHDOG_PID"), processID: getpid())
  }

  /// Nobody to tell.
  package static let none = ServiceManager(
    socketName: nil, watchdogMicroseconds: nil, watchdogProcessID: nil, processID: 0)

  /// A manager as the variables of its protocol name it, for the process with this id. Variables
  /// that are not as the protocol says count as absent.
  package init(
    socketName: String?, watchdogMicroseconds: String?, watchdogProcessID: String?,
    processID: Int32
  ) {
    let isName = socketName.map { $0.utf8.count > 1 && ($0.hasPrefix("/") || $0.hasPrefix("@")) }
    self.socketName = isName == true ? socketName : nil
    guard self.socketName != nil, let text = watchdogMicroseconds, let limit = Int64(text),
      limit > 0, watchdogProcessID.map({ Int32($0) == processID }) ?? true
    else {
      watchdogInterval = nil
      return
    }
    watchdogInterval = .microseconds(max(1, limit / 2))
  }

  /// Says these things in one datagram. It does not block.
  ///
  /// - Returns: whether the manager has it; false where there is none.
  @discardableResult
  package func notify(_ notices: Notice...) -> Bool {
    guard let socketName else { return false }
    let text = notices.map(Self.text).joined(separator: "\n")
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard let (address, length) = Self.address(socketName) else { return false }
    let bytes = Array(text.utf8)
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        return sendto(descriptor, bytes, bytes.count, flags, address, length) == bytes.count
      }
    }
  }

  private static func text(_ notice: Notice) -> String {
    switch notice {
    case .ready: return "READY=1"
    case .stopping: return "STOPPING=1"
    case .reloading:
      // The manager orders this and the `READY=1` that follows by time.
      return "RELOADING=1\nMONOTONIC_USEC=\(cp_monotonic_nanoseconds() / 1_000)"
    case .status(let text): return "STATUS=" + line(text)
    case .watchdog: return "WATCHDOG=1"
    }
  }

  /// The text as one line: what would end it is a space.
  private static func line(_ text: String) -> String {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      let own = Array(String(scalar.value < 0x20 ? " " : Character(scalar)).utf8)
      guard bytes.count + own.count <= statusBytesMax else { break }
      bytes += own
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Nil for a name that is too long for the system.
  private static func address(_ name: String) -> (sockaddr_un, socklen_t)? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    let isAbstract = bytes[0] == UInt8(ascii: "@")
    if isAbstract { bytes[0] = 0 }
    let isFitting = withUnsafeMutableBytes(of: &address.sun_path) { path in
      // A path ends with a NUL, an abstract name where the address does.
      guard bytes.count < path.count else { return false }
      path.copyBytes(from: bytes)
      return true
    }
    guard isFitting, let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) else {
      return nil
    }
    return (address, socklen_t(offset + bytes.count + (isAbstract ? 0 : 1)))
  }
}
