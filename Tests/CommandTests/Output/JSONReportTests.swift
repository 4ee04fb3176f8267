import CommandSupport
import MillpondClient
import Testing

@Suite("JSON lines of answers", .timeLimit(.minutes(1)))
struct JSONReportTests {
  private let inputs: [Input] = ["a", "b", "c"]

  /// What the report prints for answers to texts.
  private func lines<Value: PrintableAnswer>(
    _ results: [Result<Value, MillpondError>], _ report: some AnswerReport<Value>
  ) -> [String] {
    var report = report
    var page: [UInt8] = []
    for (index, result) in results.enumerated() {
      report.add(index: index, entry: .success(.text([])), result: result, to: &page)
    }
    report.finish(&page)
    return String(decoding: page, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private let refusal =
    #""error":{"code":"INVALID_ARGUMENT","message":"#
    + #""the text is 300 tokens, over the limit of 256"}}"#
  private let notFinite =
    #""error":{"code":"INTERNAL","message":"#
    + #""the model's answer has a number that is not finite"}}"#

  @Test("embed: shortest decimals, errors in their places, never NaN")
  func embed() async throws {
    let server = StubServer(values: [[0.1, -1e-8], nil, [1, .nan]])
    let results = try await server.withClient { try await $0.embed(inputs).results }
    #expect(
      lines(results, JSONReport<Embedding>()) == [
        #"{"index":0,"embedding":[0.1,-1e-08],"tokens":9,"truncated":false}"#,
        #"{"index":1,"# + refusal, #"{"index":2,"# + notFinite,
      ])
  }

  @Test("embed: a row for each token, and none for a text without")
  func tokenVectors() async throws {
    #expect(
      lines(try await ShapedAnswers.embed(ShapedAnswers.tokens), JSONReport<Embedding>()) == [
        #"{"index":0,"embeddings":[[0.6,0.8],[1.0,0.0]],"tokens":4,"truncated":false}"#,
        #"{"index":1,"# + refusal,
        #"{"index":2,"embeddings":[],"tokens":2,"truncated":false}"#, #"{"index":3,"# + notFinite,
      ])
  }

  @Test("embed: ids and weights of the vocabulary")
  func sparse() async throws {
    #expect(
      lines(try await ShapedAnswers.embed(ShapedAnswers.sparse), JSONReport<Embedding>()) == [
        #"{"index":0,"sparse":{"ids":[7,30,101,102,30521],"weights":[0.5,2.0,0.5,0.25,0.125]},"#
          + #""tokens":4,"truncated":false}"#, #"{"index":1,"# + refusal,
        #"{"index":2,"sparse":{"ids":[],"weights":[]},"tokens":4,"truncated":false}"#,
      ])
  }

  @Test("classify: a label and a row of probabilities, or logits, for each token")
  func tokenLabels() async throws {
    let results = try await ShapedAnswers.labels.withClient {
      try await $0.classify(["a", "b"]).results
    }
    func printed(isRaw: Bool) -> [String] {
      lines(results.map { $0.map { LabelValues($0, isRaw: isRaw) } }, JSONReport<LabelValues>())
    }
    #expect(
      printed(isRaw: false) == [
        #"{"index":0,"labels":["O","PER"],"probabilities":[[0.75,0.25],[0.125,0.875]],"#
          + #""tokens":2,"truncated":false}"#,
        #"{"index":1,"labels":[],"probabilities":[],"tokens":1,"truncated":false}"#,
      ])
    #expect(printed(isRaw: true)[0].contains(#""labels":["O","PER"],"logits":[[0.75,"#))
  }

  @Test("classify: label and probabilities, or logits")
  func classify() async throws {
    let server = StubServer(values: [[0.25, 0.75], nil, [.infinity, 0]])
    let results = try await server.withClient { try await $0.classify(inputs).results }
    func printed(isRaw: Bool) -> [String] {
      lines(results.map { $0.map { LabelValues($0, isRaw: isRaw) } }, JSONReport<LabelValues>())
    }
    #expect(
      printed(isRaw: false) == [
        #"{"index":0,"label":"utils","probabilities":[0.25,0.75],"tokens":9,"truncated":true}"#,
        #"{"index":1,"# + refusal, #"{"index":2,"# + notFinite,
      ])
    #expect(
      printed(isRaw: true)[0]
        == #"{"index":0,"label":"utils","logits":[0.25,0.75],"tokens":9,"truncated":true}"#)
  }

  @Test("score: a line each; with --top the best first, ties by index, errors last")
  func score() async throws {
    let server = StubServer(values: [[0.5], nil, [0.93], [0.5], [.nan], [-1]])
    let results = try await server.withClient { client in
      try await client.score(
        queries: [[113]], documents: Array(repeating: [100], count: 6)
      ).results
    }
    #expect(
      lines(results, JSONReport<Score>())[0...2] == [
        #"{"index":0,"score":0.5,"tokens":21,"truncated":false}"#, #"{"index":1,"# + refusal,
        #"{"index":2,"score":0.93,"tokens":21,"truncated":false}"#,
      ])
    #expect(
      lines(results, JSONTopReport(countMax: 3)) == [
        #"{"index":2,"score":0.93,"tokens":21,"truncated":false}"#,
        #"{"index":0,"score":0.5,"tokens":21,"truncated":false}"#,
        #"{"index":3,"score":0.5,"tokens":21,"truncated":false}"#, #"{"index":1,"# + refusal,
        #"{"index":4,"# + notFinite,
      ])
  }

  @Test("tokenize: ids and spellings, with what is no UTF-8 repaired")
  func tokenize() async throws {
    let server = StubServer(
      values: [[0], nil], spellings: [Array("##é".utf8), [0xFF], Array("\"\n".utf8)])
    let results = try await server.withClient { try await $0.tokenize(["a", "b"]).results }
    #expect(
      lines(results, JSONReport<Tokenization>()) == [
        ###"{"index":0,"ids":[0,1,2],"tokens":["##é","\###u{FFFD}","\"\u000a"]}"###,
        #"{"index":1,"# + refusal,
      ])
  }
}
