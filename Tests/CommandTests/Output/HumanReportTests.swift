import CommandSupport
import MillpondClient
import Testing

@Suite("Answers for people", .timeLimit(.minutes(1)))
struct HumanReportTests {
  private let page = Page(columns: 72)

  private func text<Value: Sendable>(
    _ results: [Result<Value, MillpondError>], _ texts: [String], _ report: some AnswerReport<Value>
  ) -> String {
    var report = report
    var page: [UInt8] = []
    for (index, result) in results.enumerated() {
      let entry = InputEntry.success(.text(Array(texts[index].utf8)))
      report.add(index: index, entry: entry, result: result, to: &page)
    }
    report.finish(&page)
    return String(decoding: page, as: UTF8.self)
  }

  @Test("embed is a table whose texts cannot move the cursor")
  func embed() async throws {
    let server = StubServer(values: [[0.6, -0.8], nil])
    let results = try await server.withClient { try await $0.embed(["a", "b"]).results }
    #expect(
      text(results, ["up\u{1B}[2Jscreen\n", "b"], EmbedReport(page)) == #"""
        index  tokens    norm  dim  embedding
            0       9  1.0000    2  [ 0.6000 -0.8000]  up\u{1b}[2Jscreen\n
            1  INVALID_ARGUMENT: the text is 300 tokens, over the limit of 256

        """#)
  }

  @Test("embed shows how many vectors a text has, or its heaviest weights")
  func shapes() async throws {
    let tokens = try await ShapedAnswers.embed(ShapedAnswers.tokens)
    #expect(
      text(Array(tokens.prefix(3)), ["a", "b", "c"], EmbedReport(page)) == """
        index  tokens  vectors  dim  first vector
            0       4        2    2  [ 0.6000  0.8000]  a
            1  INVALID_ARGUMENT: the text is 300 tokens, over the limit of 256
            2       2        0    0  []  c

        """)
    let sparse = try await ShapedAnswers.embed(ShapedAnswers.sparse)
    #expect(
      text(sparse, ["a", "b", "c"], EmbedReport(page)) == """
        index  tokens  weights  heaviest id:weight
            0       4        5  30:2.000 7:0.500 101:0.500 102:0.250 …  a
            1  INVALID_ARGUMENT: the text is 300 tokens, over the limit of 256
            2       4        0    c

        """)
  }

  @Test("classify shows the likeliest label of each token")
  func tokenLabels() async throws {
    let results = try await ShapedAnswers.labels.withClient {
      try await $0.classify(["a", "b"]).results
    }
    #expect(
      text(
        results.map { $0.map { LabelValues($0, isRaw: false) } }, ["Ada Byron", ""],
        ClassifyReport(page)) == """
              0  Ada Byron
                  0  O     75.0 %  ██████████████████
                  1  PER   87.5 %  █████████████████████
              1

          """)
  }

  @Test("classify shows the likeliest label first, with bars")
  func classify() async throws {
    let server = StubServer(values: [[0.25, 0.75]])
    let results = try await server.withClient { try await $0.classify(["a"]).results }
    let probabilities = results.map { $0.map { LabelValues($0, isRaw: false) } }
    #expect(
      text(probabilities, ["chess"], ClassifyReport(page)) == """
            0  ✂  chess
               utils   75.0 %  ██████████████████
               games   25.0 %  ██████

        """)
    let logits = results.map { $0.map { LabelValues($0, isRaw: true) } }
    #expect(
      text(logits, ["chess"], ClassifyReport(page)) == """
            0  ✂  chess
               utils     0.7500
               games     0.2500

        """)
  }

  @Test("score is a ranking, with errors below")
  func score() async throws {
    let server = StubServer(values: [[0.1], nil, [0.9], [0.5]])
    let results = try await server.withClient { client in
      try await client.score(
        queries: [[113]], documents: Array(repeating: [100], count: 4)
      ).results
    }
    #expect(
      text(results, ["low", "bad", "high", "mid"], RankingReport(page, countMax: 2)) == """
         rank    score  index  document
            1   0.9000      2  high
            2   0.5000      3  mid
               … and 1 below
            1  INVALID_ARGUMENT: the text is 300 tokens, over the limit of 256

        """)
  }

  @Test("tokenize shows each token over its id, in as many rows as needed")
  func tokenize() async throws {
    let spellings = (0..<12).map { Array("piece\($0)".utf8) }
    let server = StubServer(values: [[0]], spellings: spellings)
    let results = try await server.withClient { try await $0.tokenize(["a"]).results }
    #expect(
      text(results, ["pieces"], TokenizeReport(page)) == """
            0  12 tokens  pieces
               piece0 piece1 piece2 piece3 piece4 piece5 piece6 piece7 piece8
               0      1      2      3      4      5      6      7      8
               piece9 piece10 piece11
               9      10      11

        """)
  }

  @Test("info and health read well, and as JSON are one stable object")
  func server() async throws {
    let (information, health) = try await StubServer(models: ["stub", "sections"]).withClient {
      (try await $0.info(), try await $0.health())
    }
    let address = ServerAddress(host: "::1", port: 7_070)
    let text = InfoReport.text(information, at: address)
    #expect(
      text.hasPrefix("coordinator at [::1]:7070, version 0.1.0, up 1 min 1 s, 117.7 MiB resident\n")
    )
    #expect(text.contains("\n  architecture  BertModel, 22,713,216 parameters\n"))
    #expect(text.contains("\n  127.0.0.1:4000  stub  ready  remote  restarts 0  open pieces 1"))
    let json = String(decoding: InfoReport.json(information), as: UTF8.self)
    #expect(json.hasPrefix(#"{"role":"coordinator","version":"0.1.0","uptimeSeconds":61.5,"#))
    #expect(json.contains(#""maxTokens":256,"dimensions":384,"labels":[],"prompts":["query"]"#))
    #expect(json.contains(#""maxTokens":256,"dimensions":null,"#))
    #expect(
      json.contains(
        #""outputs":["vector"],"allowedDimensions":[64,128],"defaultPrompt":"query"}"#))
    #expect(json.contains(#""outputs":[],"allowedDimensions":[],"defaultPrompt":null}"#))
    #expect(text.contains("\n  outputs       vector\n  dimensions    384, or 64, 128\n"))
    #expect(text.contains("\n  prompts       query\n  by default    query\n"))
    #expect(json.contains(#""state":"ready","processID":null,"restarts":0,"openPieces":1,"#))
    #expect(
      HealthReport.text(health, at: address) == """
        [::1]:7070 is live, ready, progressing
          stub      2 of 2 workers ready
          sections  2 of 2 workers ready

        """)
    #expect(
      String(decoding: HealthReport.json(health), as: UTF8.self)
        == #"{"live":true,"ready":true,"progressing":true,"models":["#
        + #"{"name":"stub","workersReady":2,"workersKnown":2},"#
        + #"{"name":"sections","workersReady":2,"workersKnown":2}]}"# + "\n")
  }
}
