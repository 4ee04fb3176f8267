internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import Transport
internal import Wire

/// A client of a Millpond server, coordinator or worker.
///
/// ```swift
/// let client = try await MillpondClient.connect(to: "127.0.0.1:7070")
/// let answer = try await client.embed(["The tide is out."])
/// ```
///
/// One client serves any number of tasks at once over one connection; a lost connection is made
/// anew by the next call. A call whose task is cancelled is cancelled at the server.
public final class MillpondClient: Sendable {
  private let eventLoop: any EventLoop
  private let link: NIOLoopBound<ServerLink>
  private let nextToken = Atomic<UInt64>(1)

  private init(eventLoop: any EventLoop, link: NIOLoopBound<ServerLink>) {
    self.eventLoop = eventLoop
    self.link = link
  }

  /// Connects and waits for the server's hello.
  ///
  /// - Parameters:
  ///   - agent: who you are, for the server's logs; at most 128 bytes.
  ///   - connectTimeout: for the connection, and again for the hello.
  /// - Throws: `.unavailable` with `isUnreachable` when nothing answers there.
  public static func connect(
    to address: ServerAddress, agent: String = "millpond-client", token: String = "",
    connectTimeout: Duration = .seconds(5)
  ) async throws(MillpondError) -> MillpondClient {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
    var configuration = ClientConfiguration.defaults(agent: agent, token: token)
    configuration.connectTimeout = TimeAmount(connectTimeout)
    let opened: Result<NIOLoopBound<ServerLink>, MillpondError> =
      await withCheckedContinuation { continuation in
        eventLoop.execute { [configuration] in
          let link = ServerLink(
            address: address, configuration: configuration, eventLoop: eventLoop)
          let bound = NIOLoopBound(link, eventLoop: eventLoop)
          link.open { continuation.resume(returning: $0.map { bound }) }
        }
      }
    return MillpondClient(eventLoop: eventLoop, link: try opened.get())
  }

  /// Connects to `HOST:PORT`.
  ///
  /// - Throws: `.invalidArgument` for a text that is no address; else as the other form.
  public static func connect(to address: String) async throws(MillpondError) -> MillpondClient {
    guard let address = ServerAddress(address) else {
      throw MillpondError(.invalidArgument, "'\(address)' is not HOST:PORT")
    }
    return try await connect(to: address)
  }

  /// Closes the connection; calls that are open fail with `.unavailable`.
  public func close() {
    eventLoop.execute { [link] in link.value.close() }
  }

  /// Sends one call and waits for its whole answer.
  func perform(
    _ method: Method, body: [UInt8], inputCount: Int, textByteCount: Int, options: CallOptions
  ) async throws(MillpondError) -> [AnswerPart] {
    let head = RequestHead(
      method: method, model: options.model ?? "",
      priority: options.isBulk ? .bulk : .interactive, inputCount: inputCount,
      textByteCount: textByteCount, requestID: options.requestID)
    let deadline = options.timeout.map { NIODeadline.now() + TimeAmount($0) }
    let call = OutgoingCall(head: head, body: ByteBuffer(bytes: body), deadline: deadline)
    let token = nextToken.add(1, ordering: .relaxed).oldValue
    let completion = CallCompletion()
    return try await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        completion.set(continuation)
        eventLoop.execute { [link] in
          guard !completion.isDone else { return }
          link.value.start(token: token, call) { completion.finish($0) }
        }
      }
    } onCancel: {
      completion.finish(.failure(MillpondError(.cancelled, "the task was cancelled")))
      eventLoop.execute { [link] in _ = link.value.cancel(token: token) }
    }.get()
  }
}

/// Resumes a waiting task once, by the answer or by cancellation, whichever is first.
private final class CallCompletion: Sendable {
  typealias Outcome = Result<[AnswerPart], MillpondError>

  private enum State {
    case idle
    case waiting(CheckedContinuation<Outcome, Never>)
    case early(Outcome)
    case done
  }

  private let state = Mutex(State.idle)

  var isDone: Bool {
    state.withLock {
      if case .waiting = $0 { false } else { true }
    }
  }

  func set(_ continuation: CheckedContinuation<Outcome, Never>) {
    let early: Outcome? = state.withLock { state in
      if case .early(let outcome) = state {
        state = .done
        return outcome
      }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(returning: early) }
  }

  func finish(_ outcome: Outcome) {
    let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
      switch state {
      case .idle:
        state = .early(outcome)
        return nil
      case .waiting(let continuation):
        state = .done
        return continuation
      case .early, .done: return nil
      }
    }
    continuation?.resume(returning: outcome)
  }
}
