import JSON
import Testing

@Suite("JSON writing")
struct JSONWriterTests {
  private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test("commas and colons come by themselves")
  func structure() {
    let text = written { writer in
      writer.beginObject()
      writer.key("index")
      writer.number(0)
      writer.key("list")
      writer.beginArray()
      writer.number(Float(1.5))
      writer.bool(true)
      writer.beginArray()
      writer.endArray()
      writer.null()
      writer.endArray()
      writer.key("empty")
      writer.beginObject()
      writer.endObject()
      writer.key("last")
      writer.string("x")
      writer.endObject()
    }
    #expect(text == #"{"index":0,"list":[1.5,true,[],null],"empty":{},"last":"x"}"#)
  }

  @Test("lines are documents of their own, and a reset writer begins anew")
  func lines() {
    var writer = JSONWriter()
    writer.number(1)
    writer.endLine()
    writer.number(2)
    writer.endLine()
    #expect(writer.bytes == Array("1\n2\n".utf8))
    writer.removeAll()
    writer.string("a")
    #expect(writer.bytes == Array(#""a""#.utf8))
  }

  @Test("strings are escaped as RFC 8259 asks and read back the same")
  func strings() throws {
    let text = "a\"b\\c/\u{8}\n\r\t\0\u{1F}\u{7F}é漢😀\u{2028}"
    let line = written { writer in writer.string(text) }
    #expect(
      line == "\"a\\\"b\\\\c/\\u0008\\u000a\\u000d\\u0009\\u0000\\u001f\u{7F}é漢😀\u{2028}\"")
    #expect(try JSON.parse(Array(line.utf8)).stringBytes == Array(text.utf8))
  }

  @Test("invalid UTF-8 becomes U+FFFD, and valid UTF-8 stays")
  func invalidUTF8() {
    #expect(written({ writer in writer.string([0x61, 0xFF, 0x62]) }) == "\"a\u{FFFD}b\"")
    #expect(written({ writer in writer.string([0xE2, 0x82]) }) == "\"\u{FFFD}\"")
    #expect(written({ writer in writer.string([0xC3, 0xA9, 0x00]) }) == "\"é\\u0000\"")
  }

  @Test(
    "floats are the shortest decimals and valid JSON",
    arguments: [
      (5, "5.0"), (0, "0.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e-5, "1e-05"), (1e20, "1e+20"),
      (16_777_216, "16777216.0"), (0.00012345, "0.00012345"),
      (Float.leastNonzeroMagnitude, "1e-45"), (Float.greatestFiniteMagnitude, "3.4028235e+38"),
    ] as [(Float, String)])
  func floats(value: Float, text: String) throws {
    #expect(written({ writer in writer.number(value) }) == text)
    let read = try #require(try JSON.parse(Array(text.utf8)).double)
    #expect(Float(read).bitPattern == value.bitPattern)
  }

  @Test("random floats and doubles read back to the same bits")
  func roundTrip() throws {
    var generator = SplitMix(state: 3)
    for _ in 0..<20_000 {
      let single = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      if single.isFinite {
        let text = written { writer in writer.number(single) }
        let read = try #require(try JSON.parse(Array(text.utf8)).double)
        #expect(Float(read).bitPattern == single.bitPattern)
      }
      let double = Double(bitPattern: generator.next())
      if double.isFinite {
        let text = written { writer in writer.number(double) }
        let read = try #require(try JSON.parse(Array(text.utf8)).double)
        #expect(read.bitPattern == double.bitPattern)
      }
    }
  }

  @Test(
    "a number that JSON does not have is written as null and reported",
    arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) {
    var writer = JSONWriter()
    writer.beginArray()
    let results = [writer.number(value), writer.number(Double(value)), writer.number(Float(1))]
    writer.endArray()
    #expect(results == [false, false, true])
    #expect(writer.bytes == Array("[null,null,1.0]".utf8))
  }

  @Test("integers are written plainly", arguments: [0, -1, Int.max, Int.min])
  func integers(value: Int) {
    #expect(written({ writer in writer.number(value) }) == "\(value)")
  }
}
