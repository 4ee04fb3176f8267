internal import NIOCore
internal import NIOPosix
internal import Transport

/// A client's connections to all servers of its service: names are resolved, connections made, and
/// made anew. On its event loop only.
///
/// Nothing is done before the first call, or `open`.
final class ServerPool {
  enum Event {
    /// A server takes calls.
    case opened
    /// A server takes no new calls on this connection, and answers those that it has.
    case wentAway(ClientConnection)
    /// An address was not reached, or lost.
    case failed
  }

  /// A server that takes calls.
  struct Server {
    let id: AddressBook.ID
    let link: ServerLink
    let connection: ClientConnection
  }

  /// Set before the first use.
  var onEvent: (Event) -> Void = { _ in }
  var book: AddressBook

  private let settings: PoolSettings
  private let configuration: ClientConfiguration
  private let eventLoop: any EventLoop
  private var names: NameTable
  private var links: [AddressBook.ID: ServerLink] = [:]
  private var generator = SystemRandomNumberGenerator()
  private var timer: Scheduled<Void>?
  private var openers: [(Result<Void, MillpondError>) -> Void] = []
  private var hasBegun = false
  private var isClosed = false

  init(
    addresses: [ServerAddress], settings: PoolSettings, configuration: ClientConfiguration,
    eventLoop: any EventLoop
  ) {
    book = AddressBook(connectionsMax: settings.connectionsMax)
    self.settings = settings
    self.configuration = configuration
    self.eventLoop = eventLoop
    names = NameTable(addresses, isAddress: HostResolver.isAddress)
  }

  /// Calls back once a server said hello, or each address has failed.
  func open(_ completion: @escaping (Result<Void, MillpondError>) -> Void) {
    if book.hasOpen { return completion(.success(())) }
    openers.append(completion)
    callComes(now: .now())
    // TCP has its time and the hello again; with more addresses than connections, one follows
    // the other.
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: configuration.connectTimeout * 2) {
      bound.value.finishOpening(.failure(bound.value.firstFailure))
    }
    failOpenersIfHopeless()
  }

  /// Begins to connect with the first call, and looks now and then whether the names have changed.
  func callComes(now: NIODeadline) {
    guard !isClosed else { return }
    resolve(olderThan: settings.nameAge, now: now)
    guard !hasBegun else { return }
    hasBegun = true
    update()
    settle(now: now)
  }

  /// The server for a call's next attempt; nil if none takes calls.
  func choose(for attempts: CallAttempts, now: NIODeadline) -> Server? {
    let id = book.choose(
      avoiding: attempts.avoided, isElsewhereOnly: attempts.isElsewhereOnly, now: now,
      using: &generator)
    guard let id, let link = links[id], let connection = link.connection else { return nil }
    return Server(id: id, link: link, connection: connection)
  }

  func close() {
    isClosed = true
    timer?.cancel()
    let all = links.values
    links = [:]
    for link in all { link.close() }
    finishOpening(.failure(MillpondError(.cancelled, "the client is closed")))
  }

  /// Why no server takes calls: names every address that is tried.
  var unreachable: MillpondError {
    let failures = book.activeIDs.compactMap { links[$0] }.map { link -> MillpondError in
      var error = link.lastFailure ?? MillpondError(.unavailable, "no answer yet")
      let address = "\(link.address): "
      if !error.message.hasPrefix(address) { error.message = address + error.message }
      return error
    }
    let messages = (failures + names.failures).map(\.message)
    return MillpondError(
      .unavailable,
      messages.isEmpty ? "the client has no address" : messages.joined(separator: "; "),
      isRetryable: true, isUnreachable: true)
  }

  /// The only failure there is as it was, else all of them.
  private var firstFailure: MillpondError {
    let ids = book.activeIDs
    guard names.failures.isEmpty, ids.count == 1, let link = ids.first.flatMap({ links[$0] })
    else { return unreachable }
    return link.lastFailure ?? unreachable
  }
}

// MARK: Names

extension ServerPool {
  private func resolve(olderThan age: TimeAmount?, now: NIODeadline) {
    for name in names.takeDue(olderThan: age, now: now) {
      let bound = NIOLoopBound(self, eventLoop: eventLoop)
      NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [settings] in
        Result { () throws(MillpondError) in try settings.resolve(name) }
      }.whenComplete { result in
        switch result {
        case .success(let addresses): bound.value.resolved(name, addresses)
        case .failure(let error):
          let failure = MillpondError(.unavailable, "\(name): \(error)", isUnreachable: true)
          bound.value.resolved(name, .failure(failure))
        }
      }
    }
  }

  private func resolved(_ name: ServerAddress, _ result: Result<[ServerAddress], MillpondError>) {
    guard !isClosed else { return }
    let now = NIODeadline.now()
    names.resolved(name, result, now: now, chance: .random(in: 0...1))
    update()
    settle(now: now)
    failOpenersIfHopeless()
  }

  private func update() {
    for id in book.update(names.addresses, using: &generator) { drop(id) }
  }

  /// The address is one no more, or another takes its place.
  private func drop(_ id: AddressBook.ID) {
    guard let link = links.removeValue(forKey: id) else { return }
    let connection = link.connection
    link.retire()
    if let connection { onEvent(.wentAway(connection)) }
  }
}

// MARK: Connections

extension ServerPool {
  /// Connects to what is due, and comes back when more is.
  private func settle(now: NIODeadline) {
    guard !isClosed else { return }
    resolve(olderThan: nil, now: now)
    for (id, address) in book.takeDue(now: now) {
      let link =
        links[id]
        ?? ServerLink(address: address, configuration: configuration, eventLoop: eventLoop) {
          [weak self] link, event in
          self?.linkEvent(event, of: link, id)
        }
      links[id] = link
      link.connect()
    }
    timer?.cancel()
    timer = nil
    let due = [book.nextDue, names.nextDue].compactMap { $0 }.min()
    guard let due else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    timer = eventLoop.scheduleTask(deadline: due) { bound.value.settle(now: .now()) }
  }

  private func linkEvent(_ event: ServerLink.Event, of link: ServerLink, _ id: AddressBook.ID) {
    guard links[id] === link else { return }
    let now = NIODeadline.now()
    switch event {
    case .opened:
      book.opened(id, now: now)
      finishOpening(.success(()))
      onEvent(.opened)
    case .wentAway(let connection):
      book.wentAway(id, now: now, using: &generator)
      resolve(olderThan: settings.nameAgeInTrouble, now: now)
      settle(now: now)
      onEvent(.wentAway(connection))
    case .failed:
      if book.failed(id, now: now, using: &generator) { drop(id) }
      resolve(olderThan: settings.nameAgeInTrouble, now: now)
      settle(now: now)
      failOpenersIfHopeless()
      onEvent(.failed)
    }
  }

  private func failOpenersIfHopeless() {
    guard !openers.isEmpty, book.hasAllFailed, !names.isPending else { return }
    finishOpening(.failure(firstFailure))
  }

  private func finishOpening(_ result: Result<Void, MillpondError>) {
    let waiting = openers
    openers = []
    for opener in waiting { opener(result) }
  }
}
