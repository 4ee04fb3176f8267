import CommandSupport
import MillpondClient
import Testing

@Suite("JSON lines")
struct JSONLineTests {
  @Test("a string is a text, escapes and NUL and all")
  func text() {
    let entry = JSONLine.entry(Array(#""a\u0000\n\ud83c\udf0a é""#.utf8))
    #expect(entry == .success(.text(Array("a\u{0}\n🌊 é".utf8))))
  }

  @Test(
    "an object is a pair, in either order",
    arguments: [
      #"{"query":"q","document":"d"}"#, #" { "document" : "d" , "query" : "q" } "#,
    ])
  func pair(line: String) {
    let expected = InputValue.pair(query: Array("q".utf8), document: Array("d".utf8))
    #expect(JSONLine.entry(Array(line.utf8)) == .success(expected))
  }

  @Test("an array is a list of token ids")
  func ids() {
    #expect(JSONLine.entry(Array("[101,0,4294967295]".utf8)) == .success(.ids([101, 0, .max])))
    #expect(JSONLine.entry(Array("[]".utf8)) == .success(.ids([])))
  }

  @Test(
    "a bad line is INVALID_ARGUMENT and says what is wrong",
    arguments: [
      ("", "the line is not JSON: the document ends too early at byte 0"),
      ("tide", "the line is not JSON: a value must stand here at byte 0"),
      (#""a" "b""#, "the line is not JSON: something follows the value at byte 4"),
      ("3", #"a line is a string, {"query":…,"document":…} or an array of token ids"#),
      ("null", #"a line is a string, {"query":…,"document":…} or an array of token ids"#),
      (#"{"query":"q"}"#, "no string 'document'"),
      (#"{"document":"d"}"#, "no string 'query'"),
      (#"{"query":1,"document":"d"}"#, "no string 'query'"),
      (
        #"{"query":"q","document":"d","id\n":7}"#,
        #"unknown key 'id\n': a line is a string, {"query":…,"document":…} or an array of token ids"#
      ),
      ("[1,-1]", "element 1 is no token id: a whole number from 0 to 4294967295"),
      ("[4294967296]", "element 0 is no token id: a whole number from 0 to 4294967295"),
      ("[1.5]", "element 0 is no token id: a whole number from 0 to 4294967295"),
      (#"["a"]"#, "element 0 is no token id: a whole number from 0 to 4294967295"),
    ])
  func refusals(line: String, message: String) {
    #expect(
      JSONLine.entry(Array(line.utf8)) == .failure(MillpondError(.invalidArgument, message)))
  }

  @Test("a line that is no UTF-8 is refused by its place")
  func invalidUTF8() {
    let expected = MillpondError(
      .invalidArgument, "the line is not JSON: a string is not valid UTF-8 at byte 2")
    #expect(JSONLine.entry([0x22, 0x61, 0xFF, 0x22]) == .failure(expected))
  }
}

@Suite("Kinds of input")
struct InputKindsTests {
  private let pair = InputEntry.success(.pair(query: [1], document: [2]))

  @Test("a kind that the call takes passes")
  func allowed() {
    #expect(InputKinds.all.check(pair, for: "classify") == pair)
    #expect(InputKinds.pair.check(pair, for: "score") == pair)
  }

  @Test("another kind is INVALID_ARGUMENT and names both")
  func refused() {
    let toEmbed = InputKinds([.text, .ids]).check(pair, for: "embed")
    #expect(
      toEmbed
        == .failure(
          MillpondError(
            .invalidArgument, "embed takes a text or token ids, not a query with a document")))
    let toScore = InputKinds.pair.check(.success(.ids([1])), for: "score")
    #expect(
      toScore
        == .failure(
          MillpondError(.invalidArgument, "score takes a query with a document, not token ids")))
  }

  @Test("a line that failed keeps its own error")
  func failed() {
    let failed = InputEntry.failure(MillpondError(.invalidArgument, "no string 'query'"))
    #expect(InputKinds.text.check(failed, for: "score") == failed)
  }
}
