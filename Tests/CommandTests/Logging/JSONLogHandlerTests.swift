import JSON
import Logging
import Logs
import ServiceSupport
import Testing

@Suite("Log lines in JSON")
struct JSONLogHandlerTests {
  private func bytes(
    _ message: String, _ metadata: Logger.Metadata? = nil, own: Logger.Metadata = [:]
  ) -> [UInt8] {
    var handler = JSONLogHandler(label: "coordinator", logLevel: .info)
    handler.metadata = own
    let event = LogEvent(
      level: .warning, message: "\(message)", metadata: metadata, source: "test", file: #fileID,
      function: #function, line: #line)
    return handler.line(event, seconds: 1_769_860_800, nanoseconds: 123_999_999)
  }

  private func line(
    _ message: String, _ metadata: Logger.Metadata? = nil, own: Logger.Metadata = [:]
  ) -> String {
    String(decoding: bytes(message, metadata, own: own), as: UTF8.self)
  }

  @Test("an event is one object with time, level, label, message and sorted metadata")
  func format() {
    #expect(
      line("a worker ended", ["wait": "0.1 seconds", "model": "minilm"], own: ["pid": "7"])
        == #"{"time":"2026-01-31T12:00:00.123Z","level":"warning","label":"coordinator","#
        + #""message":"a worker ended","model":"minilm","pid":"7","wait":"0.1 seconds"}"# + "\n")
  }

  @Test("lists and dictionaries of metadata are arrays and objects")
  func nested() {
    let line = line(
      "x", ["all": ["b", ["d": "1", "c": "\(2)"]], "n": .stringConvertible(3)], own: ["n": "old"])
    #expect(line.hasSuffix(#""message":"x","all":["b",{"c":"2","d":"1"}],"n":"3"}"# + "\n"))
  }

  @Test("metadata cannot take the place of what every line has")
  func ownKeys() {
    let line = line("x", ["time": "t", "level": "l", "cut": "c"])
    #expect(line.hasSuffix(#""message":"x","_cut":"c","_level":"l","_time":"t"}"# + "\n"))
  }

  @Test("whatever is logged, it is one line of JSON")
  func escapes() throws {
    let text = "a\n\"b\"\\\u{0}\u{1B}\u{2028}é\u{FFFD}"
    let bytes = bytes(text, [text: "\(text)"])
    #expect(bytes.count { $0 == 0x0A } == 1)
    let json = try JSON.parse(bytes)
    #expect(json["message"]?.string == text)
    #expect(json[text]?.string == text)
  }

  @Test(
    "a line is cut at 16 KiB, says so, and is JSON still",
    arguments: ["x", "\n", "\"", "€"], [5_000, 16_000, 100_000])
  func cut(character: String, count: Int) throws {
    let long = String(repeating: character, count: count)
    let handlers: [[UInt8]] = [
      bytes(long, ["k": "v"]), bytes("m", ["k": "\(long)", "z": "last"]),
      bytes("m", [long: "v"]), bytes("m", ["k": ["\(long)", ["d": "\(long)"]]]),
      bytes("m", ["k": .array(Array(repeating: "\(character)", count: count))]),
    ]
    for bytes in handlers {
      #expect(bytes.count <= JSONLogHandler.lineBytesMax)
      let json = try JSON.parse(bytes)
      #expect(json["level"]?.string == "warning")
      let isCut = json["cut"]?.bool == true
      // What is cut fills the line.
      #expect(isCut == (bytes.count > JSONLogHandler.lineBytesMax - 128) || json["k"] == nil)
    }
    let message = try JSON.parse(handlers[0])["message"]?.string
    #expect(message == long || message?.hasSuffix("\(character)…") == true)
  }

  @Test("what is nested too deep is a string")
  func deep() throws {
    var value: Logger.MetadataValue = "end"
    for _ in 0..<100 { value = .array([value]) }
    let json = try JSON.parse(bytes("m", ["k": value]))
    #expect(json["cut"] == nil)
    #expect(json["k"]?.kind == .array)
  }
}
