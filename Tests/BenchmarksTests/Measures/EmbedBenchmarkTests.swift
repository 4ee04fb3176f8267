import Benchmarks
import Testing

@Suite("Embed benchmark")
struct EmbedBenchmarkTests {
  @Test("the report's object has what scripts read, and the table what people read")
  func report() async throws {
    var options = EmbedBenchmark.Options()
    options.runSeconds = 0.01
    options.runs = 1
    options.isOneByOne = true
    let report = try await EmbedBenchmark(
      target: FakeTarget(), inputCount: 4, options: options, watch: LoadWatch()
    ).run()
    for key in [
      "textsPerSecond", "tokensPerSecond", "p50Milliseconds", "p99Milliseconds", "precision",
      "isa", "threads", "blasCore", "machine", "commit", "runs", "discarded", "foreignCpuPercent",
    ] {
      #expect(report.json.contains("\"\(key)\":"))
    }
    #expect(report.json.hasSuffix("}\n"))
    #expect(report.json.contains("\"textsPerCall\":1,\"texts\":4,"))
    #expect(report.text.contains("1 text, 1 at a time"))
  }
}
