import Logging
import Logs
import ServiceSupport
import Testing

@Suite("Log lines")
struct LineLogHandlerTests {
  private func line(
    _ message: String, _ metadata: Logger.Metadata? = nil, own: Logger.Metadata = [:]
  ) -> String {
    var handler = LineLogHandler(label: "coordinator", logLevel: .info)
    handler.metadata = own
    let event = LogEvent(
      level: .warning, message: "\(message)", metadata: metadata, source: "test", file: #fileID,
      function: #function, line: #line)
    return handler.line(event, seconds: 1_769_860_800, nanoseconds: 123_999_999)
  }

  @Test("an event is one line with time, level, label, message and sorted metadata")
  func format() {
    #expect(
      line("a worker ended", ["wait": "0.1 seconds", "model": "minilm"], own: ["pid": "7"])
        == #"2026-01-31T12:00:00.123Z warning coordinator: a worker ended "#
        + #"model=minilm pid=7 wait="0.1 seconds""#)
  }

  @Test("an event's own metadata go over the handler's")
  func precedence() {
    #expect(line("x", ["k": "event"], own: ["k": "handler"]).hasSuffix("coordinator: x k=event"))
  }

  @Test("nothing that is logged begins a line of its own or moves the cursor")
  func escapes() {
    let line = line("a\nb\u{1B}[2J", ["k": "x\n\"y\"\\", "empty": ""])
    #expect(
      line.hasSuffix(#"coordinator: a\nb\u{1b}[2J empty="" k="x\n\"y\"\\""#), "\(line)")
  }

  @Test(
    "the time is UTC in every year",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_399, "2000-02-28T23:59:59.000Z"),
      (4_102_444_800, "2100-01-01T00:00:00.000Z"),
    ])
  func timestamps(seconds: Int, expected: String) {
    #expect(LineLogHandler.timestamp(seconds: seconds, nanoseconds: 0) == expected)
  }
}
