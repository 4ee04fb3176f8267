internal import Glibc

/// State behind a lock, with conditions that threads can wait for: a `pthread` mutex and condition
/// variables, for threads of our own. `Synchronization.Mutex` has no condition to park on.
///
/// Code under the lock must be short and must not call out.
final class Monitor<State>: @unchecked Sendable {
  // Invariant that makes this Sendable: `state` is read and written only between lock and unlock
  // of `mutex`; the pointers themselves never change.
  private let state: UnsafeMutablePointer<State>
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let conditions: UnsafeMutablePointer<pthread_cond_t>
  private let conditionCount: Int

  /// State with `conditionCount` conditions, numbered from 0.
  init(_ initial: sending State, conditionCount: Int) {
    state = .allocate(capacity: 1)
    state.initialize(to: initial)
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    self.conditionCount = conditionCount
    conditions = .allocate(capacity: conditionCount)
    conditions.initialize(repeating: pthread_cond_t(), count: conditionCount)
    for condition in 0..<conditionCount {
      pthread_cond_init(conditions + condition, nil)
    }
  }

  deinit {
    for condition in 0..<conditionCount {
      pthread_cond_destroy(conditions + condition)
    }
    conditions.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Runs `body` under the lock.
  func withLock<Value>(_ body: (inout State) -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state.pointee)
  }

  /// Runs `body` under the lock until it gives a value, parking on `condition` in between. The
  /// state is not held while the thread is parked.
  func wait<Value>(for condition: Int, _ body: (inout State) -> Value?) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let value = body(&state.pointee) { return value }
      pthread_cond_wait(address(of: condition), mutex)
    }
  }

  /// Wakes up to `count` threads that are parked on `condition`. Call it without the lock, so that
  /// they do not wake into it.
  func signal(_ condition: Int, count: Int = 1) {
    for _ in 0..<count {
      pthread_cond_signal(address(of: condition))
    }
  }

  /// Wakes all threads that are parked on `condition`.
  func broadcast(_ condition: Int) {
    pthread_cond_broadcast(address(of: condition))
  }

  private func address(of condition: Int) -> UnsafeMutablePointer<pthread_cond_t> {
    precondition(condition >= 0 && condition < conditionCount, "no such condition")
    return conditions + condition
  }
}
