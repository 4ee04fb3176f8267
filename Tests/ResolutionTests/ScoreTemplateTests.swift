import Resolution
import Testing

@Suite("reading score templates")
struct ScoreTemplateTests {
  private func template(_ pieces: String...) throws -> ScoreTemplate {
    try ScoreTemplate(pieces: pieces.map { Array($0.utf8) }, source: "own.txt")
  }

  private func text(_ text: String) -> ScoreTemplate.Part { .text(Array(text.utf8)) }

  @Test("markers are found, and every other byte counts")
  func parts() throws {
    let template = try template("a {instruction}{query}\n", " {\"x\": {1}} {document}\n")
    #expect(
      template.pieces
        == [
          [text("a "), .instruction, .query, text("\n")],
          [text(" {\"x\": {1}} "), .document, text("\n")],
        ])
    #expect(template.takesInstruction && template.needsInstruction && !template.addsSpecialTokens)
    #expect(!(try self.template("{query} and {query} {document}").takesInstruction))
  }

  @Test(
    "what is no template is refused with its source",
    arguments: [
      ("{query} {doc}", "{doc} is no marker; {instruction}, {query} and {document} are"),
      ("{query}", "{document} occurs 0 times"), ("{document}", "{query} occurs 0 times"),
      ("{query}{document}{document}", "{document} occurs 2 times"),
      ("{instruction}{instruction}{query}{document}", "{instruction} occurs 2 times"),
      ("", "{document} occurs 0 times"),
    ])
  func refusals(content: String, message: String) {
    let error = #expect(throws: ResolutionError.self) { try template(content) }
    #expect(error?.message.hasPrefix("own.txt: " + message) == true, "\(String(describing: error))")
  }

  @Test("a file is taken byte for byte, and must be there and UTF-8")
  func file() throws {
    let model = try ModelBuilder()
    try model.write("t.txt", "{query}|{document}\n\n")
    #expect(
      try ScoreTemplate(path: model.path + "/t.txt").pieces
        == [[.query, text("|"), .document, text("\n\n")]])
    let absent = #expect(throws: ResolutionError.self) { try ScoreTemplate(path: "/nowhere/t") }
    #expect(absent?.message == "/nowhere/t: there is no such file")
    let bytes: [UInt8] = [0xFF] + Array("{query}{document}".utf8)
    let broken = #expect(throws: ResolutionError.self) {
      try ScoreTemplate(pieces: [bytes], source: "own.txt")
    }
    #expect(broken?.message == "own.txt: this is not UTF-8")
  }
}
