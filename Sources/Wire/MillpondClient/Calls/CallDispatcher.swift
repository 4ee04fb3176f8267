internal import NIOCore
internal import Transport
internal import Wire

/// Gives each call to a server, and to another when that fails it. On its event loop only.
///
/// A call that finds no server waits for one: until its deadline, and no longer than a connection
/// may take.
final class CallDispatcher {
  /// Before a watch that its server ended goes on at another.
  private static let watchPause = TimeAmount.milliseconds(100)

  private let configuration: ClientConfiguration
  private let eventLoop: any EventLoop
  private let pool: ServerPool
  private var budget = RetryBudget()
  private var calls: [UInt64: PooledCall] = [:]
  /// Tokens of calls that wait for a server.
  private var waiting: Set<UInt64> = []
  private var isClosed = false

  init(
    addresses: [ServerAddress], settings: PoolSettings, configuration: ClientConfiguration,
    eventLoop: any EventLoop
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    pool = ServerPool(
      addresses: addresses, settings: settings, configuration: configuration,
      eventLoop: eventLoop)
    pool.onEvent = { [weak self] in self?.poolEvent($0) }
  }

  /// Calls back once a server said hello, or each address has failed.
  func open(_ completion: @escaping (Result<Void, MillpondError>) -> Void) {
    pool.open(completion)
  }

  func start(_ call: PooledCall) {
    guard !isClosed else { return call.fail(MillpondError(.cancelled, "the client is closed")) }
    calls[call.token] = call
    let now = NIODeadline.now()
    budget.callStarted(now: now)
    pool.callComes(now: now)
    send(call, now: now)
  }

  /// Nobody waits for the call: its completion is not called any more.
  func cancel(token: UInt64) {
    guard let call = calls[token] else { return }
    forget(call)
    recall(call)
  }

  /// Closes every connection; open calls fail with `.unavailable`, later ones with `.cancelled`.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    for call in calls.values.sorted(by: { $0.token < $1.token }) {
      fail(call, MillpondError(.unavailable, "the client was closed"))
    }
    pool.close()
  }

  private func forget(_ call: PooledCall) {
    calls[call.token] = nil
    waiting.remove(call.token)
    if case .waiting(let timer) = call.place { timer.cancel() }
  }

  private func fail(_ call: PooledCall, _ error: MillpondError) {
    forget(call)
    call.fail(error)
  }
}

// MARK: Attempts

extension CallDispatcher {
  private func send(_ call: PooledCall, now: NIODeadline) {
    guard let server = pool.choose(for: call.attempts, now: now) else {
      return wait(call, now: now)
    }
    call.waitEnd = nil
    pool.book.callStarted(server.id)
    server.link.callStarted()
    let callID = server.connection.start(call.outgoing) { [self] event in
      attemptEvent(event, of: call, at: server, began: now)
    }
    call.place = .sent(server, callID)
  }

  private func attemptEvent(
    _ event: CallEvent, of call: PooledCall, at server: ServerPool.Server, began: NIODeadline
  ) {
    switch event {
    case .part(let head, _, let body, let isLast):
      if head.status.isOK { call.take(AnswerPart(head: head, body: body)) }
      guard isLast else { return }
      ended(call, at: server)
      guard head.status.isOK else {
        return failed(call, at: server, head.status, AttemptFailure(answer: head.status))
      }
      pool.book.answered(server.id)
      if call.wasGivenUp(now: .now()) {
        call.dropParts()
        return send(call, after: Self.watchPause)
      }
      forget(call)
      call.succeed()
    case .failed(let status, let wasRead):
      ended(call, at: server)
      if status.code == .deadlineExceeded, server.connection.lastReceived < began {
        pool.book.refused(server.id, now: .now(), chance: .random(in: 0...1))
      }
      failed(call, at: server, status, AttemptFailure(noAnswer: status, wasRead: wasRead))
    }
  }

  private func ended(_ call: PooledCall, at server: ServerPool.Server) {
    call.place = .nowhere
    pool.book.callEnded(server.id)
    server.link.callEnded()
  }

  private func failed(
    _ call: PooledCall, at server: ServerPool.Server, _ status: Status, _ failure: AttemptFailure
  ) {
    let now = NIODeadline.now()
    let chance = Double.random(in: 0...1)
    switch failure {
    case .unavailable: pool.book.refused(server.id, now: now, chance: chance)
    case .overloaded:
      let wait = TimeAmount.microseconds(Int64(clamping: status.retryAfterMicroseconds))
      pool.book.refused(server.id, retryAfter: wait, now: now, chance: chance)
    case .unread, .lost, .final: break
    }
    call.dropParts()
    call.failure = MillpondError(status)
    let next = call.attempts.failed(
      failure, at: server.id, now: now, budget: &budget, chance: chance
    ) { [pool] avoided, openOnly in
      pool.book.hasOther(than: avoided, openOnly: openOnly, now: now)
    }
    switch next {
    case .give: fail(call, MillpondError(status))
    // Not before the connection has told what else it has to tell.
    case .resend: send(call, after: .zero)
    case .retry(let wait): send(call, after: wait)
    }
  }

  private func send(_ call: PooledCall, after wait: TimeAmount) {
    let bound = NIOLoopBound((self, call), eventLoop: eventLoop)
    call.place = .waiting(
      eventLoop.scheduleTask(in: wait) {
        let (dispatcher, call) = bound.value
        dispatcher.send(call, now: .now())
      })
  }

  /// Takes the call back from where it is.
  private func recall(_ call: PooledCall) {
    guard case .sent(let server, let callID) = call.place else { return }
    server.connection.cancel(callID)
    ended(call, at: server)
  }
}

// MARK: Waiting for a server

extension CallDispatcher {
  private func wait(_ call: PooledCall, now: NIODeadline) {
    if call.attempts.isElsewhereOnly, let failure = call.failure, !hasOther(for: call, now: now) {
      return fail(call, failure)
    }
    let deadline = call.outgoing.deadline
    if let deadline, deadline <= now {
      return fail(call, MillpondError(.deadlineExceeded, "no server within the deadline"))
    }
    guard waiting.count < configuration.waitingCallsMax else {
      return fail(
        call,
        MillpondError(
          .resourceExhausted, "\(waiting.count) calls wait for a server already",
          isRetryable: true))
    }
    let end = call.waitEnd ?? min(deadline ?? .distantFuture, now + configuration.connectTimeout)
    call.waitEnd = end
    waiting.insert(call.token)
    let bound = NIOLoopBound((self, call), eventLoop: eventLoop)
    call.place = .waiting(
      eventLoop.scheduleTask(deadline: end) {
        let (dispatcher, call) = bound.value
        dispatcher.fail(call, call.failure ?? dispatcher.pool.unreachable)
      })
  }

  private func hasOther(for call: PooledCall, now: NIODeadline) -> Bool {
    pool.book.hasOther(than: call.attempts.avoided, openOnly: false, now: now)
  }

  private func poolEvent(_ event: ServerPool.Event) {
    switch event {
    case .opened: sendWaiting()
    case .wentAway(let connection): moveWatches(from: connection)
    case .failed: failHopeless()
    }
  }

  private func sendWaiting() {
    let now = NIODeadline.now()
    let tokens = waiting.sorted()
    waiting = []
    for token in tokens {
      guard let call = calls[token] else { continue }
      if case .waiting(let timer) = call.place { timer.cancel() }
      send(call, now: now)
    }
  }

  /// A watch has no end: it would hold an old connection until that is closed under it.
  private func moveWatches(from connection: ClientConnection) {
    let now = NIODeadline.now()
    for call in calls.values.filter(\.isWatch) {
      guard case .sent(let server, _) = call.place, server.connection === connection else {
        continue
      }
      recall(call)
      call.dropParts()
      send(call, now: now)
    }
  }

  /// Calls that only another server will do for, and that have waited for it in vain.
  private func failHopeless() {
    let now = NIODeadline.now()
    for token in waiting.sorted() {
      guard let call = calls[token], call.attempts.isElsewhereOnly, let failure = call.failure,
        !hasOther(for: call, now: now)
      else { continue }
      fail(call, failure)
    }
  }
}
