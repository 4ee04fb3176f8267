internal import NIOCore
internal import Transport
internal import Wire

/// One call of a client, over all its attempts. On the event loop only.
final class PooledCall {
  enum Place {
    case nowhere
    /// With a server, by the connection's name for it.
    case sent(ServerPool.Server, UInt64)
    /// Until a server takes it, or until its next attempt.
    case waiting(Scheduled<Void>)
  }

  typealias Completion = (Result<[AnswerPart], MillpondError>) -> Void

  /// What becomes of the answer's parts.
  enum Delivery: Sendable {
    /// They are kept until the last.
    case whole
    /// Each is given when it comes, and there is no end: it goes on elsewhere when a server ends it.
    case watch(@Sendable (AnswerPart) -> Void)
    /// Each is given when it comes. The server does something: it is never asked twice.
    case command(@Sendable (AnswerPart) -> Void)
  }

  /// The caller's name for it, to cancel it by; rises from call to call.
  let token: UInt64
  let outgoing: OutgoingCall
  var attempts: CallAttempts
  var place = Place.nowhere
  /// Why the last attempt failed.
  var failure: MillpondError?
  /// When it has waited long enough for a server.
  var waitEnd: NIODeadline?

  private let delivery: Delivery
  private let completion: Completion
  private var parts: [AnswerPart] = []
  /// Parts of this attempt that a watch was given.
  private var watchedCount = 0

  /// - Parameter completion: called once, with the parts that were kept or why there is no answer.
  init(
    token: UInt64, _ outgoing: OutgoingCall, _ delivery: Delivery = .whole,
    completion: @escaping Completion
  ) {
    self.token = token
    self.outgoing = outgoing
    self.delivery = delivery
    self.completion = completion
    let isOnce = if case .command = delivery { true } else { false }
    attempts = CallAttempts(deadline: outgoing.deadline, isOnce: isOnce)
  }

  var isWatch: Bool {
    if case .watch = delivery { true } else { false }
  }

  func take(_ part: AnswerPart) {
    switch delivery {
    case .whole: parts.append(part)
    case .command(let onPart): onPart(part)
    case .watch(let onPart):
      attempts.progressed()
      watchedCount += 1
      onPart(part)
    }
  }

  /// Whether the server ended a watch that it had kept, as one does that stops: it goes on at
  /// another. One part alone is the answer of a server that does not watch.
  func wasGivenUp(now: NIODeadline) -> Bool {
    watchedCount > 1 && now < outgoing.deadline ?? .distantFuture
  }

  /// The next attempt begins anew: what came of this one's answer counts for nothing.
  func dropParts() {
    parts = []
    watchedCount = 0
  }

  func succeed() {
    completion(.success(parts))
  }

  func fail(_ error: MillpondError) {
    completion(.failure(error))
  }
}
