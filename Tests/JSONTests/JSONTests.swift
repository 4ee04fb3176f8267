import JSON
import Testing

@Suite("JSON values")
struct JSONTests {
  @Test("every kind of value is recognised")
  func kinds() throws {
    let document = try JSON.parse(Array(#"[null,true,false,-1.5e2,"a",[],{}]"#.utf8))
    #expect(
      document.elements.map(\.kind) == [
        .null, .bool, .bool, .number, .string, .array, .object,
      ])
    #expect(document.count == 7)
    #expect(document[0]?.isNull == true)
    #expect(document[1]?.bool == true)
    #expect(document[2]?.bool == false)
    #expect(document[3]?.double == -150)
    #expect(document[4]?.string == "a")
    #expect(document[7] == nil)
    #expect(document[-1] == nil)
  }

  @Test("a look-up in a value of another kind gives nil")
  func otherKinds() throws {
    let text = try JSON.parse(Array(#""text""#.utf8))
    #expect(text["a"] == nil)
    #expect(text[0] == nil)
    #expect(text.int == nil)
    #expect(text.double == nil)
    #expect(text.bool == nil)
    #expect(text.count == 0)
    #expect(Array(text.elements).isEmpty)
    #expect(Array(text.members).isEmpty)
    #expect(try JSON.parse(Array("1".utf8)).string == nil)
    #expect(try JSON.parse(Array("[1,2]".utf8)).members.map(\.key).isEmpty)
    #expect(try JSON.parse(Array(#"{"a":1}"#.utf8)).elements.map(\.kind).isEmpty)
  }

  @Test("of members with the same key the last one counts, and all are iterated")
  func doubleKeys() throws {
    let document = try JSON.parse(Array(#"{"a":1,"b":2,"a":3,"\u0061":4}"#.utf8))
    #expect(document["a"]?.int == 4)
    #expect(document["b"]?.int == 2)
    #expect(document["c"] == nil)
    #expect(document.members.map(\.value.int) == [1, 2, 3, 4])
    #expect(document.members.map(\.key) == [[0x61], [0x62], [0x61], [0x61]])
  }

  @Test("keys that only canonical equivalence makes equal are different")
  func canonicalEquivalence() throws {
    let document = try JSON.parse(Array(#"{"\u00e9":1,"e\u0301":2}"#.utf8))
    #expect(document["\u{e9}"]?.int == 1)
    #expect(document["e\u{301}"]?.int == 2)
  }

  @Test("members skip over whatever their values contain")
  func nesting() throws {
    let document = try JSON.parse(
      Array(#" { "a" : [ [1, {"b":[2]}], 3 ] ,"c":{"d":{}},"e":[]} "#.utf8))
    #expect(document.members.map { String(decoding: $0.key, as: UTF8.self) } == ["a", "c", "e"])
    #expect(document["a"]?[0]?[1]?["b"]?[0]?.int == 2)
    #expect(document["a"]?[1]?.int == 3)
    #expect(document["c"]?["d"]?.count == 0)
  }

  @Test(
    "an integer is one however it is written",
    arguments: [
      ("0", 0), ("-0", 0), ("1.0", 1), ("1e3", 1000), ("1E+3", 1000), ("12.50e1", 125),
      ("1000e-3", 1), ("0e999999999999999999999", 0), ("0.000e-5", 0), ("-12.5e1", -125),
      ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
      ("123456789012345678", 123_456_789_012_345_678), ("0.001e3", 1), ("10.00", 10),
    ])
  func integers(text: String, value: Int) throws {
    #expect(try JSON.parse(Array(text.utf8)).int == value)
  }

  @Test(
    "a fraction or an overflow is not an integer",
    arguments: [
      "0.5", "1e-1", "1.0001", "9223372036854775808", "-9223372036854775809", "1e19",
      "1e99999999999999999999999", "1e-99999999999999999999999", "12345678901234567890123",
    ])
  func nonIntegers(text: String) throws {
    #expect(try JSON.parse(Array(text.utf8)).int == nil)
  }

  @Test("doubles are the nearest ones, and infinite ones are nil")
  func doubles() throws {
    func double(_ text: String) throws -> Double? { try JSON.parse(Array(text.utf8)).double }
    #expect(try double("0.1") == 0.1)
    #expect(try double("-9.283931732177734") == -9.283931732177734)
    #expect(try double("1e-12") == 1e-12)
    #expect(try double("1.7976931348623157e308") == Double.greatestFiniteMagnitude)
    #expect(try double("1e400") == nil)
    #expect(try double("1e-400") == 0)
  }

  @Test("a number's spelling is that of the document, and no other kind has one")
  func numberTexts() throws {
    let document = try JSON.parse(Array(#"[-7.7219823259013864 , 1E5, "1"]"#.utf8))
    #expect(document[0]?.numberText == Array("-7.7219823259013864".utf8))
    #expect(document[1]?.numberText == Array("1E5".utf8))
    #expect(document[2]?.numberText == nil)
  }

  @Test("escapes and raw UTF-8 decode to the same bytes")
  func strings() throws {
    let document = try JSON.parse(
      Array(#""\"\\\/\b\f\n\r\t\u0000\u00e9é\u20AC€\ud83d\ude00😀""#.utf8))
    #expect(document.stringBytes == Array("\"\\/\u{8}\u{c}\n\r\t\0éé€€😀😀".utf8))
    #expect(document.string == "\"\\/\u{8}\u{c}\n\r\t\0éé€€😀😀")
  }

  @Test("surrogate escapes decode to the scalar that Unicode gives them")
  func surrogates() throws {
    let text = #""\ud800\udc00\udbff\udfff\ud7ff\ue000""#
    let scalars = try JSON.parse(Array(text.utf8)).string?.unicodeScalars.map(\.value)
    #expect(scalars == [0x10000, 0x10FFFF, 0xD7FF, 0xE000])
  }

  @Test("a string of each length around the scanner's word ends where it should")
  func stringLengths() throws {
    for length in 0..<40 {
      for special in ["", "é", "\\n", "\u{7F}"] {
        let text = String(repeating: "x", count: length) + special + "yz"
        let document = try JSON.parse(Array("[\"\(text)\",7]".utf8))
        let expected = special == "\\n" ? text.replacing("\\n", with: "\n") : text
        #expect(document[0]?.string == expected)
        #expect(document[1]?.int == 7)
      }
    }
  }
}
