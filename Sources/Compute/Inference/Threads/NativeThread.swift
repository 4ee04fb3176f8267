internal import CPlatform
internal import Glibc

/// A thread of our own. Compute never runs on Swift's cooperative pool: a batch would hold one of
/// its few threads for milliseconds, and with it every other task of the process.
final class NativeThread: Sendable {
  /// What the new thread needs to begin.
  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private let thread: pthread_t

  /// Starts a thread that runs `body` once and ends. `name` (at most 15 bytes) is what `top -H`
  /// and debuggers show. Throws `.startUp` when the system gives no thread.
  init(name: String, body: @escaping @Sendable () -> Void) throws(EngineError) {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        cp_set_thread_name(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      throw EngineError(.startUp, "thread \(name) could not be started: error \(status)")
    }
    self.thread = thread
  }

  /// Waits until the thread has ended. Call it once, from another thread.
  func join() {
    pthread_join(thread, nil)
  }
}
