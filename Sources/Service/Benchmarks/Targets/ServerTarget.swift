internal import MillpondClient

/// A running server, reached as its clients reach it.
package final class ServerTarget: EmbedTarget {
  package let facts: TargetFacts
  private let info: ServerInfo
  private let address: ServerAddress
  private let clients: [MillpondClient]
  private let inputs: [Input]

  /// Connects once for each lane.
  ///
  /// - Parameters:
  ///   - text: `HOST:PORT`.
  ///   - model: which model is measured; nil is the only one.
  ///   - lanes: concurrent callers, at least 1.
  /// - Throws: `.unreachable`; `.invalidInput` when the text is no address, or the model is unknown
  ///   or not told.
  package static func connect(
    to text: String, model: String?, texts: [BenchmarkText], lanes: Int
  ) async throws(BenchmarksError) -> ServerTarget {
    guard let address = ServerAddress(text) else {
      throw BenchmarksError(.invalidInput, "\(text) is not HOST:PORT")
    }
    var clients: [MillpondClient] = []
    let info: ServerInfo
    do throws(MillpondError) {
      let first = try await MillpondClient.connect(to: address, agent: agent)
      clients.append(first)
      while clients.count < lanes {
        clients.append(try await MillpondClient.connect(to: address, agent: agent))
      }
      info = try await settledInfo(first)
    } catch {
      throw BenchmarksError(.unreachable, "\(address): \(error.message)")
    }
    return try ServerTarget(
      address: address, info: info, model: model, texts: texts, clients: clients)
  }

  private static let agent = "millpond bench"

  /// What the server says once none of its workers is on its way up, or after a while.
  private static func settledInfo(
    _ client: MillpondClient
  ) async throws(MillpondError) -> ServerInfo {
    for _ in 0..<200 {
      let info = try await client.info()
      let isSettled = !info.workers.contains { ["starting", "warming"].contains($0.state) }
      if isSettled { return info }
      // Cancelled: the next call says so.
      try? await Task.sleep(for: .milliseconds(50))
    }
    return try await client.info()
  }

  private init(
    address: ServerAddress, info: ServerInfo, model name: String?, texts: [BenchmarkText],
    clients: [MillpondClient]
  ) throws(BenchmarksError) {
    let models = info.models.filter { name == nil || $0.name == name }
    guard let model = models.first, models.count == 1 else {
      let names = info.models.map(\.name).joined(separator: ", ")
      throw BenchmarksError(
        .invalidInput,
        name.map { "\(address) has no model '\($0)': it has \(names)" }
          ?? "\(address) has several models, name one with --name: \(names)")
    }
    self.address = address
    self.info = info
    self.clients = clients
    inputs = texts.map { text in
      switch text {
      case .text(let bytes): .text(utf8: bytes)
      case .ids(let ids): .ids(ids.map { UInt32(bitPattern: $0) })
      }
    }
    facts = TargetFacts(
      kind: info.role, model: model.name, fingerprint: model.fingerprint,
      precision: model.precision, instructionSet: model.instructionSet, blasCore: model.blasCore,
      threads: model.threads,
      workers: info.role == "worker"
        ? 1 : info.workers.count { $0.model == model.name && $0.state == "ready" },
      version: info.version)
  }

  /// Where the model's first worker that is ready listens, as `HOST:PORT`; nil if there is none.
  package var firstWorker: String? {
    info.workers.first { $0.model == facts.model && $0.state == "ready" }?.address
  }

  /// The server's processes and its workers', as far as they are this machine's and this user's.
  package var processes: Set<Int> {
    let addresses = [address] + info.workers.compactMap { ServerAddress($0.address) }
    return addresses.filter { Self.localHosts.contains($0.host) }
      .reduce(into: []) { $0.formUnion(ListeningProcess.ids(port: $1.port)) }
  }

  private static let localHosts: Set<String> = ["localhost", "127.0.0.1", "::1"]

  package func embed(_ range: Range<Int>, lane: Int) async throws(BenchmarksError) -> Int {
    do throws(MillpondError) {
      let answer = try await clients[lane % clients.count].embed(
        Array(inputs[range]), call: CallOptions(model: facts.model, truncation: .right))
      var tokens = 0
      for (offset, result) in answer.results.enumerated() {
        switch result {
        case .success(let embedding): tokens += embedding.tokenCount
        case .failure(let error):
          throw MillpondError(error.code, "input \(range.lowerBound + offset): \(error.message)")
        }
      }
      return tokens
    } catch {
      let isOverload = error.code == .resourceExhausted && error.isRetryable
      throw BenchmarksError(
        isOverload ? .overloaded : .callFailed, error.description, retryAfter: error.retryAfter)
    }
  }

  /// Ends the connections.
  package func close() {
    for client in clients { client.close() }
  }
}
