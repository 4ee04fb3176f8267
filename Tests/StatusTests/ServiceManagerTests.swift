import CPlatform
import Glibc
import Status
import TestSupport
import Testing

@Suite("Service manager")
struct ServiceManagerTests {
  private func manager(
    _ socket: String?, watchdog: String? = nil, watchdogProcessID: String? = nil
  ) -> ServiceManager {
    ServiceManager(
      socketName: socket, watchdogMicroseconds: watchdog, watchdogProcessID: watchdogProcessID,
      processID: 7)
  }

  @Test(
    "it is told by datagrams, at a path or an abstract name",
    arguments: ["/tmp/millpond-notify-\(getpid())", "@millpond-notify-\(getpid())"])
  func notices(name: String) throws {
    let socket = try NotifySocket(name)
    let manager = manager(name)
    #expect(manager.notify(.ready, .status("serving 'm' on 127.0.0.1:1")))
    #expect(socket.receive() == "READY=1\nSTATUS=serving 'm' on 127.0.0.1:1")
    #expect(manager.notify(.stopping))
    #expect(socket.receive() == "STOPPING=1")
    #expect(manager.notify(.watchdog))
    #expect(socket.receive() == "WATCHDOG=1")
    #expect(socket.receive() == nil)
  }

  @Test("reloading has the monotonic time in microseconds")
  func reloading() throws {
    let name = "@millpond-reload-\(getpid())"
    let socket = try NotifySocket(name)
    let before = cp_monotonic_nanoseconds() / 1_000
    #expect(manager(name).notify(.reloading))
    let text = try #require(socket.receive())
    let prefix = "RELOADING=1\nMONOTONIC_USEC="
    #expect(text.hasPrefix(prefix))
    let time = try #require(UInt64(text.dropFirst(prefix.count)))
    #expect(time >= before && time <= cp_monotonic_nanoseconds() / 1_000)
  }

  @Test("a status is one line of at most 512 bytes, cut between characters")
  func status() throws {
    let name = "@millpond-status-\(getpid())"
    let socket = try NotifySocket(name)
    #expect(manager(name).notify(.status("a\nREADY=1\0b")))
    #expect(socket.receive() == "STATUS=a READY=1 b")
    #expect(manager(name).notify(.status(String(repeating: "€", count: 1_000))))
    #expect(socket.receive() == "STATUS=" + String(repeating: "€", count: 170))
  }

  @Test(
    "without a socket nothing happens",
    arguments: [
      nil, "", "@", "relative", "vsock:2:1234", "/nowhere/at/all",
      "/" + String(repeating: "x", count: 200),
    ] as [String?])
  func absent(name: String?) {
    #expect(!manager(name).notify(.ready))
    #expect(!ServiceManager.none.notify(.ready))
  }

  @Test("a manager that takes nothing is not waited for")
  func full() throws {
    let name = "@millpond-full-\(getpid())"
    let socket = try NotifySocket(name)
    // The system holds so many datagrams for a socket and no more.
    let taken = (0..<100_000).prefix { _ in manager(name).notify(.watchdog) }
    #expect(taken.count < 100_000)
    #expect(socket.receive() == "WATCHDOG=1")
  }

  @Test(
    "the watchdog is told at half its time, if it watches this process",
    arguments: [
      ("30000000", nil, .seconds(15)), ("30000000", "7", .seconds(15)), ("30000000", "8", nil),
      ("1", nil, .microseconds(1)), ("0", nil, nil), ("-5", nil, nil), ("soon", nil, nil),
      (nil, nil, nil), ("30000000", "x", nil),
    ] as [(String?, String?, Duration?)])
  func watchdog(microseconds: String?, processID: String?, interval: Duration?) {
    let manager = manager("/x", watchdog: microseconds, watchdogProcessID: processID)
    #expect(manager.watchdogInterval == interval)
  }

  @Test("no watchdog without a manager")
  func watchdogWithoutSocket() {
    #expect(manager(nil, watchdog: "30000000").watchdogInterval == nil)
  }
}
