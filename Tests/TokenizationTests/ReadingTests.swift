import JSON
import Testing
import Tokenization

@Suite("reading tokenizer.json")
struct ReadingTests {
  @Test("a component that is not built is refused by name", arguments: RefusedFile.unsupported)
  func unsupported(refusal: RefusedFile) throws {
    let error = try refused(refusal)
    #expect(error?.message == refusal.message)
    guard case .unsupported(let component)? = error?.code else {
      Issue.record("the code is \(String(describing: error?.code))")
      return
    }
    #expect(refusal.message.contains("uses \(component),"))
  }

  @Test(
    "a file that the library would not write is refused with its key",
    arguments: RefusedFile.malformed)
  func malformed(refusal: RefusedFile) throws {
    let error = try refused(refusal)
    #expect(error?.message == refusal.message)
    guard case .malformed(let key)? = error?.code else {
      Issue.record("the code is \(String(describing: error?.code))")
      return
    }
    #expect(refusal.message.contains("\"\(key)\""))
  }

  @Test("a file that is no object is refused")
  func noObject() throws {
    let json = try JSON.parse(Array("[]".utf8))
    let error = #expect(throws: TokenizationError.self) {
      try Tokenizer(json, fileName: "tokenizer.json")
    }
    #expect(error?.message == "tokenizer.json: the file must be an object")
  }

  @Test("a pair template that lacks a text refuses pairs only")
  func pairTemplate() throws {
    var file = TinyTokenizer()
    file.postProcessor = """
      {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],\
      "pair":[{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{}}
      """
    let tokenizer = try file.read()
    #expect(tokenizer.pairSpecialTokenCount == nil)
    #expect(try tokenizer.encode(words(2), limit: .none).ids == [3, 4])
    let error = #expect(throws: TokenizationError.self) {
      try tokenizer.encode(query: words(1), document: words(1), limit: .none)
    }
    #expect(
      error?.message
        == "tokenizer.json: \"post_processor.pair\" uses TemplateProcessing, "
        + "which is not supported: text A stands there 1 times, B 0")
  }

  @Test("spellings and counts are those of the file, added tokens included")
  func vocabulary() throws {
    var file = TinyTokenizer()
    file.addedTokens = """
      [{"id":70,"content":"<new>","single_word":false,"lstrip":false,"rstrip":false,\
      "normalized":false,"special":true},\
      {"id":3,"content":"a","single_word":false,"lstrip":false,"rstrip":false,\
      "normalized":true,"special":false}]
      """
    let tokenizer = try file.read()
    #expect(tokenizer.vocabularySize == 16)
    #expect(tokenizer.singleSpecialTokenCount == 2)
    #expect(tokenizer.pairSpecialTokenCount == 3)
    #expect(tokenizer.token(13) == Array("##x".utf8))
    #expect(tokenizer.token(15) == Array("<new>".utf8))
    #expect(tokenizer.token(16) == nil)
    #expect(tokenizer.token(-1) == nil)
    #expect(tokenizer.id(of: Array("<new>".utf8)) == 15)
    #expect(tokenizer.id(of: Array("##y".utf8)) == 14)
    #expect(tokenizer.id(of: Array("##z".utf8)) == nil)
    #expect(tokenizer.id(of: []) == nil)
  }

  @Test("ids may have gaps, any order and doubles; of a spelling written twice the last id counts")
  func unusualVocabulary() throws {
    var file = TinyTokenizer()
    file.postProcessor = "null"
    file.model = TinyTokenizer.model(
      vocabulary: #"{"b":2147483647,"[UNK]":5,"a":0,"c":5,"a":9,"":7,"é":1,"e\u0301":2}"#)
    let tokenizer = try file.read()
    #expect(try tokenizer.encode(Array("a b c".utf8), limit: .none).ids == [9, .max, 5])
    #expect(tokenizer.token(.max) == Array("b".utf8))
    #expect(tokenizer.token(5) == Array("c".utf8))
    #expect(tokenizer.token(9) == Array("a".utf8))
    #expect(tokenizer.token(0) == nil)
    #expect(tokenizer.token(1) == [0xC3, 0xA9])
    #expect(tokenizer.token(2) == [0x65, 0xCC, 0x81])
    #expect(tokenizer.vocabularySize == 7)
  }

  @Test("the default model's vocabulary is whole")
  func miniLM() throws {
    let tokenizer = try Fixture.miniLM()
    let json = try JSON.parse(Fixture.bytes("Models/all-MiniLM-L6-v2/tokenizer.json"))
    var count = 0
    for (spelling, value) in try #require(json["model"]?["vocab"]).members {
      let id = try #require(value.int.flatMap(Int32.init(exactly:)))
      count += 1
      guard tokenizer.token(id) == spelling, tokenizer.id(of: spelling) == id else {
        Issue.record("\(id) is not \(readable(spelling))")
        return
      }
    }
    #expect(count == 30_522 && tokenizer.vocabularySize == count)
  }

  private func refused(_ refusal: RefusedFile) throws -> TokenizationError? {
    let json = try JSON.parse(Array(refusal.text.utf8))
    return #expect(throws: TokenizationError.self) {
      try Tokenizer(json, fileName: "tokenizer.json")
    }
  }
}
