package import NIOCore
internal import Synchronization

/// Tells watchers of a value when it changes. The value is looked at every 250 ms on an event loop,
/// and only while somebody watches.
package final class ChangeWatch<Value: Sendable & Equatable>: Sendable {
  /// Takes the value, and whether that was the last time.
  package typealias Watcher = @Sendable (_ value: Value, _ isLast: Bool) -> Void

  private struct State {
    var list: WatchList<Value>
    var watchers: [WatcherID: Watcher] = [:]
    var task: RepeatedTask?
  }

  private let eventLoop: any EventLoop
  private let interval: TimeAmount
  private let look: @Sendable () -> Value
  private let state: Mutex<State>

  /// - Parameters:
  ///   - eventLoop: where it is looked, and where watchers are called.
  ///   - watchersMax: at once.
  ///   - look: gives the value. It must not block.
  package init(
    on eventLoop: any EventLoop, every interval: TimeAmount = .milliseconds(250),
    watchersMax: Int = 4_096, look: @escaping @Sendable () -> Value
  ) {
    self.eventLoop = eventLoop
    self.interval = interval
    self.look = look
    state = Mutex(State(list: WatchList(countMax: watchersMax)))
  }

  /// Watches: `watcher` is called with the value before this returns, then after each change, and
  /// for the last time once the deadline has passed (nil: never) or `end` was called. To be called
  /// on the event loop.
  ///
  /// - Returns: for `cancel`; nil where too many watch, and `watcher` was not called.
  package func watch(until deadline: NIODeadline?, _ watcher: @escaping Watcher) -> WatcherID? {
    eventLoop.preconditionInEventLoop()
    let value = look()
    let telling = state.withLock { state -> WatchList<Value>.Telling? in
      guard let telling = state.list.add(value, until: deadline, now: .now()) else { return nil }
      if !telling.isLast { state.watchers[telling.watcher] = watcher }
      return telling
    }
    guard let telling else { return nil }
    watcher(telling.value, telling.isLast)
    if !telling.isLast { start() }
    return telling.watcher
  }

  /// Ends a watch without a last call.
  ///
  /// - Returns: whether it was going on: then `watcher` is called no more, but for a call that has
  ///   begun.
  @discardableResult
  package func cancel(_ id: WatcherID) -> Bool {
    state.withLock { state in
      state.watchers[id] = nil
      return state.list.remove(id)
    }
  }

  /// Tells all watchers for the last time, on the event loop; those that come later are told once.
  package func end() {
    eventLoop.execute { [self] in
      let value = look()
      tell { $0.end(value) }
    }
  }

  private func start() {
    state.withLock { state in
      guard state.task == nil, !state.list.isEmpty else { return }
      state.task = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
        [weak self] task in
        guard let self else { return task.cancel() }
        self.lookAgain()
      }
    }
  }

  private func lookAgain() {
    let value = look()
    tell { $0.looked(value, now: .now()) }
    state.withLock { state in
      guard state.list.isEmpty else { return }
      state.task?.cancel()
      state.task = nil
    }
  }

  private func tell(_ change: (inout WatchList<Value>) -> [WatchList<Value>.Telling]) {
    let tellings = state.withLock { state in
      change(&state.list).map { telling in
        let watcher = state.watchers[telling.watcher]
        if telling.isLast { state.watchers[telling.watcher] = nil }
        return (telling, watcher)
      }
    }
    for (telling, watcher) in tellings { watcher?(telling.value, telling.isLast) }
  }
}
