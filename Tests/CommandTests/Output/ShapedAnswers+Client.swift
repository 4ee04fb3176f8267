import MillpondClient

extension ShapedAnswers {
  /// What the client gives for an Embed of as many inputs as the stub has answers.
  static func embed(
    _ server: StubServer
  ) async throws -> [Result<Embedding, MillpondError>] {
    let inputs = Array(repeating: Input.text("a"), count: server.embedCount)
    return try await server.withClient { try await $0.embed(inputs).results }
  }
}
