internal import NIOCore
internal import Synchronization
internal import Wire

extension MillpondClient {
  /// Whether a server lives, is ready and makes progress: now, and after each change.
  ///
  /// Of several servers one is watched, and when it ends the watch, or its connection ends,
  /// another: equal states that follow each other are given once. A consumer that is slower than the
  /// changes gets the last 16.
  ///
  /// The sequence ends with the task that reads it; at the call's timeout, which is of the whole
  /// watch; and after the first state where a server does not watch. It throws `MillpondError`: what
  /// ``health(call:)`` throws, `.unavailable` when no server is reached any more.
  public func watchHealth(
    call: CallOptions = CallOptions()
  ) -> AsyncThrowingStream<ServerHealth, any Error> {
    let (stream, sink) = AsyncThrowingStream.makeStream(
      of: ServerHealth.self, bufferingPolicy: .bufferingNewest(16))
    let changes = HealthChanges()
    let delivery = PooledCall.Delivery.watch { part in
      do throws(MillpondError) {
        if let health = try changes.next(part) { sink.yield(health) }
      } catch {
        sink.finish(throwing: error)
      }
    }
    let body = HealthRequest(watch: true).encoded()
    let cancel = follow(.health, body: body, options: call, as: delivery) { error in
      let isOver = error?.code == .deadlineExceeded && changes.hasAny
      sink.finish(throwing: isOver ? nil : error)
    }
    // The client lives as long as somebody may read.
    sink.onTermination = { [self] _ in
      cancel()
      withExtendedLifetime(self) {}
    }
    return stream
  }
}

/// The states of a watch that differ from the one before.
private final class HealthChanges: Sendable {
  private let last = Mutex<ServerHealth?>(nil)

  /// Whether there was a state at all.
  var hasAny: Bool { last.withLock { $0 != nil } }

  /// - Throws: `.internal` for a part that does not decode.
  func next(_ part: AnswerPart) throws(MillpondError) -> ServerHealth? {
    // The end of a watch may say nothing.
    guard part.body.readableBytes > 0 else { return nil }
    let health: ServerHealth
    do throws(WireError) {
      health = ServerHealth(try HealthResponse(decoding: part.body.readableBytesSpan))
    } catch {
      throw MillpondError(error)
    }
    return last.withLock { last in
      defer { last = health }
      return last == health ? nil : health
    }
  }
}
