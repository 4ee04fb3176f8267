package import Logging
package import NIOCore
package import NIOPosix

/// Asks one source from `start` until `stop` and tells what changes.
///
/// On its event loop only; what waits for DNS or files does so on threads of a pool, one at a time.
/// Whatever a source does, its addresses are bounded, and those that it gave last are kept while it
/// says nothing; `AddressWatch` has the rules.
package final class AddressWatcher {
  /// Called on the event loop. Both are sorted, and at least one of them is not empty.
  package typealias Change = (_ added: [Address], _ removed: [Address]) -> Void

  package let source: AddressSource
  private let eventLoop: any EventLoop
  private let threads: NIOThreadPool
  private let logger: Logger
  private let onChange: Change
  private let stopSignal = StopSignal()
  /// Nil for a source that is its own answer.
  private var inquiry: AddressInquiry?
  private var watch: AddressWatch
  private var timer: Scheduled<Void>?
  private var isStopped = false

  /// - Parameters:
  ///   - eventLoop: this is its, from here on.
  ///   - pace: when it is asked; nil for what suits the source.
  ///   - threads: for what waits: a lookup for at most `lookupTimeout`. With as many threads as
  ///     sources, none waits for another.
  ///   - onChange: holds until `stop`.
  package init(
    _ source: AddressSource, eventLoop: any EventLoop, logger: Logger,
    resolver: ResolverConfiguration = .system, pace: AddressWatchConfiguration? = nil,
    threads: NIOThreadPool = .singleton, onChange: @escaping Change
  ) {
    self.source = source
    self.eventLoop = eventLoop
    self.threads = threads
    self.logger = logger
    self.onChange = onChange
    inquiry = AddressInquiry(source, resolver)
    watch = AddressWatch(pace ?? inquiry?.pace ?? .dns)
  }

  /// The addresses in force, in any order.
  package var addresses: Set<Address> { watch.addresses }

  /// Asks for the first time. `onChange` is never called before this returns.
  package func start() {
    eventLoop.assertInEventLoop()
    guard case .address(let address) = source else { return ask() }
    eventLoop.assumeIsolated().execute { [self] in
      guard !isStopped else { return }
      apply(watch.learned(.found([address], ttl: .zero), now: .now(), jitter: 0))
    }
  }

  /// Ends it: `onChange` is not called again, and a thread that waits for DNS does so no longer. The
  /// addresses in force are not told as removed.
  package func stop() {
    eventLoop.assertInEventLoop()
    isStopped = true
    timer?.cancel()
    timer = nil
    stopSignal.set()
  }

  private func ask() {
    guard let inquiry, !isStopped else { return }
    let stopSignal = stopSignal
    threads.runIfActive(eventLoop: eventLoop) {
      var inquiry = inquiry
      let outcome = inquiry.ask(stopSignal)
      return (inquiry, outcome)
    }.assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success((let inquiry, let outcome)): answered(inquiry, outcome)
      case .failure(let error): answered(inquiry, .failed(.unavailable, "\(error)"))
      }
    }
  }

  private func answered(_ inquiry: AddressInquiry, _ outcome: AddressOutcome) {
    guard !isStopped else { return }
    self.inquiry = inquiry
    let step = watch.learned(outcome, now: .now(), jitter: .random(in: 0...1))
    timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(step.wait)) { [self] in ask() }
    apply(step)
  }

  private func apply(_ step: AddressWatch.Step) {
    for notice in step.notices { log(notice) }
    guard !step.added.isEmpty || !step.removed.isEmpty else { return }
    logger.info(
      "addresses of workers changed",
      metadata: [
        "source": "\(source)", "added": "\(step.added.count)", "removed": "\(step.removed.count)",
        "now": "\(addresses.count)",
      ])
    onChange(step.added, step.removed)
  }

  private func log(_ notice: AddressWatch.Notice) {
    var metadata: Logger.Metadata = ["source": "\(source)"]
    switch notice {
    case .troubled(let reason):
      metadata["reason"] = "\(reason)"
      metadata["kept"] = "\(addresses.count)"
      logger.warning("addresses of workers cannot be had, or not all", metadata: metadata)
    case .recovered:
      logger.info("addresses of workers can be had again", metadata: metadata)
    case .emptied:
      logger.warning(
        "there are no addresses of workers: the last ones are dropped", metadata: metadata)
    case .cut:
      metadata["max"] = "\(AddressWatchConfiguration.addressesMax)"
      logger.warning(
        "there are too many addresses of workers: some are left out", metadata: metadata)
    }
  }
}
