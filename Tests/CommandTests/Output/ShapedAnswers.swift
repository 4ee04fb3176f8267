import Wire

/// Answers of token-level and sparse models, as a server would give them.
enum ShapedAnswers {
  private static let failure = EmbedResult(outcome: .error(StubServer.refusal))

  private static func rows(_ numbers: [Float], _ count: Int) -> TokenRows {
    TokenRows(values: StubServer.bytes(numbers), rows: count)
  }

  /// Two tokens, an error, no token at all, and a number that is not finite.
  static var tokens: StubServer {
    var server = StubServer()
    server.embedResponse = EmbedResponse(
      results: [
        EmbedResult(outcome: .value(.tokens(rows([0.6, 0.8, 1, 0], 2))), tokenCount: 4),
        failure, EmbedResult(outcome: .value(.tokens(rows([], 0))), tokenCount: 2),
        EmbedResult(outcome: .value(.tokens(rows([.nan, 0], 1))), tokenCount: 3),
      ], dimensions: 2)
    return server
  }

  /// Five ids, an error, and none.
  static var sparse: StubServer {
    func sparse(_ ids: [UInt32], _ weights: [Float]) -> EmbedResult {
      EmbedResult(
        outcome: .value(
          .sparse(SparseVector(ids: ids, weights: StubServer.bytes(weights)))), tokenCount: 4)
    }
    var server = StubServer()
    server.embedResponse = EmbedResponse(
      results: [
        sparse([7, 30, 101, 102, 30_521], [0.5, 2, 0.5, 0.25, 0.125]), failure, sparse([], []),
      ], dimensions: 0)
    return server
  }

  /// Two tokens with labels, and none.
  static var labels: StubServer {
    var server = StubServer()
    server.classifyResponse = ClassifyResponse(
      results: [
        ClassifyResult(
          outcome: .value(.tokens(rows([0.75, 0.25, 0.125, 0.875], 2))), tokenCount: 2),
        ClassifyResult(outcome: .value(.tokens(rows([], 0))), tokenCount: 1),
      ], labels: ["O", "PER"])
    return server
  }
}
