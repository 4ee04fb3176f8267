import JSON
import Testing

@Suite("JSON refusals")
struct JSONRefusalTests {
  private func failure(_ bytes: [UInt8], depthMax: Int = 128) -> JSONError? {
    do {
      _ = try JSON.parse(bytes, depthMax: depthMax)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "a document that is not RFC 8259 is refused with its reason and place",
    arguments: [
      ("", "the document ends too early", 0),
      ("  ", "the document ends too early", 2),
      ("[1,", "the document ends too early", 3),
      ("{\"a\"", "':' must stand here", 4),
      ("{\"a\" 1}", "':' must stand here", 5),
      ("{\"a\":}", "a value must stand here", 5),
      ("{a:1}", "a key must stand here", 1),
      ("{\"a\":1,}", "a key must stand here", 7),
      ("[1,]", "a value must stand here", 3),
      ("[1 2]", "',' or ']' must stand here", 3),
      ("[1}", "',' or ']' must stand here", 2),
      ("{\"a\":1]", "',' or '}' must stand here", 6),
      ("1 2", "something follows the value", 2),
      ("nul", "a value must stand here", 0),
      ("NaN", "a value must stand here", 0),
      ("-Infinity", "a digit must stand here", 1),
      ("Infinity", "a value must stand here", 0),
      ("'a'", "a value must stand here", 0),
      ("// c\n1", "a value must stand here", 0),
      ("01", "a number begins with a needless zero", 0),
      ("-", "a digit must stand here", 1),
      ("1.", "a digit must stand here", 2),
      (".5", "a value must stand here", 0),
      ("1e", "a digit must stand here", 2),
      ("1e+", "a digit must stand here", 3),
      ("+1", "a value must stand here", 0),
      ("\"a", "a string does not end", 0),
      ("\"a\\", "the document ends too early", 3),
      ("\"\\x\"", "an escape is unknown", 1),
      ("\"\\u12", "four hexadecimal digits must follow \\u", 1),
      ("\"\\u12g4\"", "four hexadecimal digits must follow \\u", 1),
      ("\"\\ud800\"", "a surrogate escape has no partner", 1),
      ("\"\\ud800\\u0041\"", "a surrogate escape has no partner", 1),
      ("\"\\ud800\\n12345\"", "a surrogate escape has no partner", 1),
      ("\"\\udc00\"", "a surrogate escape has no partner", 1),
      ("\"a\nb\"", "a control character in a string is not escaped", 2),
      ("\"12345678\u{1}\"", "a control character in a string is not escaped", 9),
      ("\u{FEFF}1", "a value must stand here", 0),
    ])
  func malformed(text: String, message: String, offset: Int) {
    #expect(failure(Array(text.utf8)) == JSONError(message: message, offset: offset))
  }

  @Test(
    "invalid UTF-8 in a string is refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
      [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func invalidUTF8(sequence: [UInt8]) {
    let bytes = [0x22, 0x61] + sequence + [0x22]
    #expect(failure(bytes) == JSONError(message: "a string is not valid UTF-8", offset: 2))
    // Cut at the end of the document, too.
    #expect(failure([0x22] + sequence)?.offset != nil)
  }

  @Test("nesting at the limit is read and nesting over it is refused")
  func depth() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    #expect(try JSON.parse(nested(128)).count == 1)
    #expect(
      failure(nested(129))
        == JSONError(message: "more than 128 arrays and objects are open", offset: 128))
    #expect(failure([UInt8](repeating: 0x5B, count: 1_000_000))?.offset == 128)
    #expect(
      failure(Array("{\"a\":[]}".utf8), depthMax: 1)?.message
        == "more than 1 arrays and objects are open")
  }

  @Test("a document cut or changed at any byte is read or refused, and never traps")
  func mutations() throws {
    let text = #"{"a\u0041é":[1.5e-3,-0,"\ud83d\ude00x",true,false,null,{}],"b":{"c":"12345678é"}}"#
    let bytes = Array(text.utf8)
    for cut in bytes.indices {
      #expect(failure(Array(bytes[..<cut])) != nil)
    }
    var generator = SplitMix(state: 7)
    for _ in 0..<30_000 {
      var changed = bytes
      for _ in 0...Int(generator.next() % 3) {
        changed[Int(generator.next() % UInt64(bytes.count))] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      if let document = try? JSON.parse(changed) { visit(document) }
    }
  }

  private func visit(_ value: JSON) {
    _ = (value.int, value.double, value.stringBytes)
    for element in value.elements { visit(element) }
    for member in value.members { visit(member.value) }
  }
}

/// A small random generator with a fixed seed: the same bytes in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
