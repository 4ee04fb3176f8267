import MillpondClient
import TestSupport
import Testing

/// Who is called: one protocol for both, so that what holds of one must hold of the other.
enum ServerKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case worker
  case coordinator

  var testDescription: String { rawValue }

  /// A server of this kind that has `minilm`; the coordinator has `sections` and `reranker` too.
  var server: TestServer {
    get async throws {
      switch self {
      case .worker: try await SharedServer.worker.server
      case .coordinator: try await SharedServer.coordinator.server
      }
    }
  }

  /// A server of this kind that has `sections`.
  var classifier: TestServer {
    get async throws {
      switch self {
      case .worker: try await SharedServer.sectionsWorker.server
      case .coordinator: try await SharedServer.coordinator.server
      }
    }
  }

  /// A server of this kind that has `reranker`.
  var reranker: TestServer {
    get async throws {
      switch self {
      case .worker: try await SharedServer.rerankerWorker.server
      case .coordinator: try await SharedServer.coordinator.server
      }
    }
  }

  /// Lends a connection to the server with `minilm`, then makes sure that it answers others.
  func withClient(_ body: (MillpondClient) async throws -> Void) async throws {
    try await withServer { server in try await server.withClient(body) }
  }

  /// Lends the server with `minilm` to something that may harm it, then makes sure that it has not.
  func withServer(_ body: (TestServer) async throws -> Void) async throws {
    let server = try await server
    try await body(server)
    try await expectAnswersOthers(server)
  }
}

extension CallOptions {
  static let miniLM = CallOptions(model: "minilm")
  static let sections = CallOptions(model: "sections")
  static let reranker = CallOptions(model: "reranker")

  func with(_ change: (inout CallOptions) -> Void) -> CallOptions {
    var options = self
    change(&options)
    return options
  }
}

/// A new connection gets the right vector of a text.
///
/// Suites that run beside each other share the servers: a worker may hold another test's thousands
/// of inputs and say so. It is asked again then, as a client would.
func expectAnswersOthers(
  _ server: TestServer, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let reference = try EmbeddingReference.load()
  try await server.withClient { client in
    let answer = try await eventually("the server has room") { () -> Answer<Embedding>? in
      do {
        return try await client.embed(
          [.text(utf8: reference.texts[0])], call: .miniLM.with { $0.timeout = Patience.usual })
      } catch let error as MillpondError where error.code == .resourceExhausted {
        guard error.isRetryable else { throw error }
        return nil
      }
    }
    let vectors = try answer.values().map(\.vector)
    #expect(
      difference(vectors, [reference.vectors[0]]) <= Tolerance.embedding,
      "the server answers others", sourceLocation: sourceLocation)
  }
}

extension Result where Failure == MillpondError {
  /// Why there is no value, or nil.
  var error: MillpondError? {
    if case .failure(let error) = self { error } else { nil }
  }
}

/// The error that the body throws.
///
/// - Throws: `TestFailure` if it throws none.
func callError(_ body: () async throws -> Void) async throws -> MillpondError {
  do {
    try await body()
  } catch let error as MillpondError {
    return error
  }
  throw TestFailure("the call was answered")
}

extension Input {
  static func texts(_ texts: [[UInt8]]) -> [Input] { texts.map { .text(utf8: $0) } }
}
