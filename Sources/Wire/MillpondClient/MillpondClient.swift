internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import Transport
internal import Wire

/// A client of Millpond servers: of one, or of several that serve the same.
///
/// ```swift
/// let client = try await MillpondClient.connect(to: "127.0.0.1:7070")
/// let answer = try await client.embed(["The tide is out."])
/// ```
///
/// One client serves any number of tasks at once, over one connection to each address. It holds at
/// most 8; of more addresses, chance chooses. A name stands for all its addresses, and is resolved
/// again every 30 s of use and when a connection ends.
///
/// - A call goes to the server with fewer open calls, of two that chance names.
/// - A lost connection is made anew after 100 ms, then later and later, up to 5 s. Before an old
///   connection ends, the next one is made.
/// - A call that no server has read is sent again. One whose connection was lost, or that a server
///   answered with UNAVAILABLE, goes to another: twice at most, after 10 ms and 20 ms, and only
///   while such calls are fewer than a fifth of the last 10 s' (or than 100). One that a server
///   refused with RESOURCE_EXHAUSTED goes to one other. Everything else is the caller's. The only
///   server is asked again when a connection was lost, not when it refused.
/// - While no server is reached, calls wait: until their deadline, and for `connectTimeout` at most.
///   Then they fail with `.unavailable`, naming the addresses.
/// - A call whose task is cancelled is cancelled at the server.
///
/// Connections end with ``close()``, or with the client itself.
public final class MillpondClient: Sendable {
  private let eventLoop: any EventLoop
  private let dispatcher: NIOLoopBoundBox<CallDispatcher>
  private let nextToken = Atomic<UInt64>(1)

  /// A client that connects with its first call.
  ///
  /// - Parameters:
  ///   - addresses: of servers that serve the same models; at most 64. With none, calls fail.
  ///   - agent: who you are, for the servers' logs; at most 128 bytes.
  ///   - token: names you to the servers.
  ///   - connectTimeout: for a connection, and again for the hello; and for calls, until a server
  ///     is reached.
  public convenience init(
    addresses: [ServerAddress], agent: String = "millpond-client", token: String = "",
    connectTimeout: Duration = .seconds(5)
  ) {
    self.init(
      addresses: addresses, agent: agent, token: token, connectTimeout: connectTimeout,
      settings: .defaults)
  }

  package init(
    addresses: [ServerAddress], agent: String = "millpond-client", token: String = "",
    connectTimeout: Duration = .seconds(5), settings: PoolSettings
  ) {
    var configuration = ClientConfiguration.defaults(agent: agent, token: token)
    configuration.connectTimeout = TimeAmount(connectTimeout)
    eventLoop = MultiThreadedEventLoopGroup.singleton.any()
    dispatcher = .makeBoxSendingValue(
      CallDispatcher(
        addresses: addresses, settings: settings, configuration: configuration,
        eventLoop: eventLoop),
      eventLoop: eventLoop)
  }

  deinit {
    close()
  }

  /// Connects, and waits until one of the servers said hello.
  ///
  /// - Parameters: as of ``init(addresses:agent:token:connectTimeout:)``.
  /// - Throws: `.unavailable` with `isUnreachable` when nothing answers at any of the addresses.
  public static func connect(
    to addresses: [ServerAddress], agent: String = "millpond-client", token: String = "",
    connectTimeout: Duration = .seconds(5)
  ) async throws(MillpondError) -> MillpondClient {
    let client = MillpondClient(
      addresses: addresses, agent: agent, token: token, connectTimeout: connectTimeout)
    let opened: Result<Void, MillpondError> = await withCheckedContinuation { continuation in
      client.eventLoop.execute { [dispatcher = client.dispatcher] in
        dispatcher.value.open { continuation.resume(returning: $0) }
      }
    }
    try opened.get()
    return client
  }

  /// Connects to one address, and waits for the server's hello.
  ///
  /// - Throws: as the other form.
  public static func connect(
    to address: ServerAddress, agent: String = "millpond-client", token: String = "",
    connectTimeout: Duration = .seconds(5)
  ) async throws(MillpondError) -> MillpondClient {
    try await connect(
      to: [address], agent: agent, token: token, connectTimeout: connectTimeout)
  }

  /// Connects to `HOST:PORT`, or to several with commas between.
  ///
  /// - Throws: `.invalidArgument` for a text that is no address; else as the other forms.
  public static func connect(to addresses: String) async throws(MillpondError) -> MillpondClient {
    guard let addresses = ServerAddress.list(addresses) else {
      throw MillpondError(.invalidArgument, "'\(addresses)' is not HOST:PORT")
    }
    return try await connect(to: addresses)
  }

  /// Closes the connections; calls that are open fail with `.unavailable`.
  public func close() {
    eventLoop.execute { [dispatcher] in dispatcher.value.close() }
  }

  /// Sends one call and waits for its whole answer.
  func perform(
    _ method: Method, body: [UInt8], inputCount: Int, textByteCount: Int, options: CallOptions
  ) async throws(MillpondError) -> [AnswerPart] {
    let call = options.outgoing(
      method, body: body, inputCount: inputCount, textByteCount: textByteCount)
    let token = nextToken.add(1, ordering: .relaxed).oldValue
    let completion = CallCompletion()
    return try await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        completion.set(continuation)
        eventLoop.execute { [dispatcher] in
          guard !completion.isDone else { return }
          dispatcher.value.start(PooledCall(token: token, call) { completion.finish($0) })
        }
      }
    } onCancel: {
      completion.finish(.failure(MillpondError(.cancelled, "the task was cancelled")))
      eventLoop.execute { [dispatcher] in dispatcher.value.cancel(token: token) }
    }.get()
  }

  /// Sends a call whose answer is taken part by part.
  ///
  /// - Parameters:
  ///   - delivery: on the event loop, as is `onEnd`, which is called once.
  /// - Returns: cancels the call.
  func follow(
    _ method: Method, body: [UInt8], options: CallOptions,
    as delivery: PooledCall.Delivery,
    onEnd: @escaping @Sendable (MillpondError?) -> Void
  ) -> @Sendable () -> Void {
    let call = options.outgoing(method, body: body, inputCount: 0, textByteCount: 0)
    let token = nextToken.add(1, ordering: .relaxed).oldValue
    eventLoop.execute { [dispatcher] in
      dispatcher.value.start(
        PooledCall(token: token, call, delivery) { result in
          switch result {
          case .success: onEnd(nil)
          case .failure(let error): onEnd(error)
          }
        })
    }
    return { [eventLoop, dispatcher] in
      eventLoop.execute { dispatcher.value.cancel(token: token) }
    }
  }
}
