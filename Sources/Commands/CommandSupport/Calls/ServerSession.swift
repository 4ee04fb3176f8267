package import MillpondClient

/// Reaching a server and choosing a model of it.
package enum ServerSession {
  /// Between two attempts while a server is waited for.
  private static let retryInterval = Duration.milliseconds(100)
  /// What one attempt may take at least, also when the wait is over sooner: a server that answers
  /// at all is heard.
  private static let attemptMin = Duration.seconds(1)

  /// A client of servers one of which said hello.
  ///
  /// - Parameters:
  ///   - token: names the caller; empty names nobody.
  ///   - wait: how long to wait for a server to be ready; nil takes it as it is.
  /// - Throws: `CommandFailure` `.serverNotReached`, naming the addresses and the reason;
  ///   `CancellationError`.
  package static func connect(
    to servers: ServerList, token: String = "", wait: Duration? = nil
  ) async throws -> MillpondClient {
    guard let wait else {
      do throws(MillpondError) {
        return try await MillpondClient.connect(
          to: servers.addresses, agent: "millpond", token: token)
      } catch {
        throw failure(servers, error.message)
      }
    }
    let end = ContinuousClock.now + wait
    while true {
      let reason: String
      switch await attempt(servers, token: token, until: end) {
      case .ready(let client): return client
      case .notReady(let message): reason = message
      }
      try Task.checkCancellation()
      guard .now + retryInterval < end else {
        let seconds = NumberText.fixed(wait / .seconds(1), 0)
        throw failure(servers, "not ready after \(seconds) s: \(reason)")
      }
      try await Task.sleep(for: retryInterval)
    }
  }

  /// As the other form, of one server.
  package static func connect(
    to address: ServerAddress, wait: Duration? = nil
  ) async throws -> MillpondClient {
    try await connect(to: ServerList(address), wait: wait)
  }

  /// The model to name in calls.
  ///
  /// - Parameter name: what the user asked for; it is taken as it is.
  /// - Returns: the only model there is, or nil where the server does not say: then it decides.
  /// - Throws: `.misuse`, listing the models, if there are several and none was named.
  package static func model(
    named name: String?, at client: MillpondClient
  ) async throws(CommandFailure) -> String? {
    if let name { return name }
    let information: ServerInfo
    do throws(MillpondError) {
      information = try await client.info(call: CallOptions(timeout: .seconds(10)))
    } catch {
      // The calls themselves tell what is wrong, an input at a time as they must.
      return nil
    }
    return try onlyModel(of: information.models.map(\.name))
  }

  /// What the server says of the model that calls name; nil where it says nothing, and the calls
  /// tell what is wrong.
  package static func model(
    of call: CallOptions, at client: MillpondClient
  ) async -> ServerInfo.Model? {
    let options = CallOptions(timeout: min(call.timeout ?? .seconds(10), .seconds(10)))
    guard let models = try? await client.info(call: options).models else { return nil }
    return models.first { call.model == nil || $0.name == call.model }
  }

  /// The only name; nil of none.
  ///
  /// - Throws: `.misuse`, listing the names, if there are several.
  package static func onlyModel(of names: [String]) throws(CommandFailure) -> String? {
    guard names.count > 1 else { return names.first }
    let list = names.sorted().map { TerminalText.escaped($0) }.joined(separator: ", ")
    throw CommandFailure(
      .misuse, "the server has \(names.count) models, choose one with --name: \(list)")
  }

  private enum Attempt {
    case ready(MillpondClient)
    case notReady(String)
  }

  private static func attempt(
    _ servers: ServerList, token: String, until end: ContinuousClock.Instant
  ) async -> Attempt {
    let patience = min(max(end - .now, attemptMin), .seconds(5))
    do throws(MillpondError) {
      let client = try await MillpondClient.connect(
        to: servers.addresses, agent: "millpond", token: token, connectTimeout: patience)
      do throws(MillpondError) {
        let health = try await client.health(call: CallOptions(timeout: patience))
        if health.isReady { return .ready(client) }
        client.close()
        return .notReady(health.reason)
      } catch {
        client.close()
        throw error
      }
    } catch {
      return .notReady(error.message)
    }
  }

  private static func failure(_ servers: ServerList, _ message: String) -> CommandFailure {
    CommandFailure(
      .serverNotReached, "no server at \(servers): \(TerminalText.escaped(message))")
  }
}

extension ServerHealth {
  /// Why the server is not ready, for a person.
  var reason: String {
    let waiting = models.filter { $0.workersReady == 0 }.map(\.name)
    return waiting.isEmpty
      ? "it is not ready" : "no worker is ready for \(waiting.joined(separator: ", "))"
  }
}
