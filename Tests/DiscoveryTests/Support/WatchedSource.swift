import Discovery
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A watcher that runs on an event loop, and what it has said.
final class WatchedSource: Sendable {
  private struct State {
    var addresses: Set<Address> = []
    var changes = 0
    /// What a change said that cannot be.
    var contradiction: String?

    mutating func apply(_ added: [Address], _ removed: [Address]) {
      changes += 1
      if !addresses.isDisjoint(with: added) || !addresses.isSuperset(of: removed)
        || added.isEmpty && removed.isEmpty || added != added.sorted()
        || removed != removed.sorted()
      {
        contradiction = "\(addresses.sorted()): added \(added), removed \(removed)"
      }
      addresses.subtract(removed)
      addresses.formUnion(added)
    }
  }

  let log = LogLines()
  private let state = Mutex(State())
  private let eventLoop: any EventLoop
  private let watcher = Mutex<NIOLoopBound<AddressWatcher>?>(nil)

  /// Starts it.
  init(
    _ source: String, resolver: ResolverConfiguration = .system,
    pace: AddressWatchConfiguration? = nil, threads: NIOThreadPool = .singleton
  ) async throws {
    let source = try AddressSource(source)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    self.eventLoop = eventLoop
    let bound = try await eventLoop.submit { [weak self, log] in
      let watcher = AddressWatcher(
        source, eventLoop: eventLoop, logger: log.logger, resolver: resolver, pace: pace,
        threads: threads
      ) { added, removed in
        eventLoop.preconditionInEventLoop()
        self?.state.withLock { $0.apply(added, removed) }
      }
      watcher.start()
      return NIOLoopBound(watcher, eventLoop: eventLoop)
    }.get()
    watcher.withLock { $0 = bound }
  }

  deinit {
    if let bound = watcher.withLock({ $0 }) { eventLoop.execute { bound.value.stop() } }
  }

  /// Stops it; what it says from now on would be wrong.
  func stop() async throws {
    guard let bound = watcher.withLock({ $0 }) else { return }
    try await eventLoop.submit { bound.value.stop() }.get()
  }

  /// How often it has told of a change.
  var changes: Int { state.withLock(\.changes) }

  /// What is in force, sorted as text.
  var addresses: [String] { state.withLock { $0.addresses.map(\.description).sorted() } }

  /// Waits until exactly these are in force.
  func has(_ expected: [String]) async throws {
    let expected = expected.sorted()
    try await eventually(
      "\(expected.prefix(5)) are in force, not \(addresses.prefix(5)); log: \(log.all)"
    ) {
      if let contradiction = state.withLock(\.contradiction) { throw TestFailure(contradiction) }
      return addresses == expected
    }
  }

  /// Waits until something is logged.
  func logs(_ text: String) async throws {
    try await eventually("'\(text)' is logged, not only \(log.all)") {
      log.count(containing: text) > 0
    }
  }
}
