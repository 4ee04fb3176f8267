import CommandSupport
import MillpondClient
import Testing

@Suite("Input assembler")
struct InputAssemblerTests {
  private func push(_ text: String, to assembler: inout InputAssembler) {
    Array(text.utf8).withUnsafeBytes { assembler.push($0) }
  }

  private func text(_ text: String) -> InputEntry { .success(.text(Array(text.utf8))) }

  @Test("a slice is full at the limit of inputs, and indices go on")
  func inputLimit() {
    var assembler = InputAssembler(.text, limits: .init(inputs: 2, bytes: 100))
    push("a\nb\nc\n", to: &assembler)
    #expect(
      assembler.nextSlice(isFlush: false)
        == InputSlice(firstIndex: 0, entries: [text("a"), text("b")], endByte: 4))
    #expect(assembler.nextSlice(isFlush: false) == nil)
    push("d\n", to: &assembler)
    #expect(
      assembler.nextSlice(isFlush: false)
        == InputSlice(firstIndex: 2, entries: [text("c"), text("d")], endByte: 8))
    #expect(!assembler.hasInputs)
  }

  @Test("a slice is full before it exceeds the limit of bytes")
  func byteLimit() {
    var assembler = InputAssembler(.text, limits: .init(inputs: 100, bytes: 5))
    push("abc\nde\nf\n1234567\ng\n", to: &assembler)
    var slices: [[InputEntry]] = []
    while let slice = assembler.nextSlice(isFlush: true) { slices.append(slice.entries) }
    #expect(
      slices == [[text("abc"), text("de")], [text("f")], [text("1234567")], [text("g")]])
  }

  @Test("what is there is given when it is asked for, and only then")
  func flush() {
    var assembler = InputAssembler(.text)
    push("a\nb", to: &assembler)
    #expect(assembler.nextSlice(isFlush: false) == nil)
    #expect(assembler.hasInputs)
    #expect(assembler.nextSlice(isFlush: true)?.entries == [text("a")])
    #expect(assembler.nextSlice(isFlush: true) == nil)
    assembler.finish()
    #expect(
      assembler.nextSlice(isFlush: true)
        == InputSlice(firstIndex: 1, entries: [text("b")], endByte: 4))
  }

  @Test("a line over the limit is an error in its place")
  func tooLong() {
    var assembler = InputAssembler(.text, lineBytesMax: 3)
    push("a\n12345\nb\n", to: &assembler)
    let error = MillpondError(
      .invalidArgument, "the line has 5 bytes, over the limit of 3")
    #expect(
      assembler.nextSlice(isFlush: true)?.entries == [text("a"), .failure(error), text("b")])
  }

  @Test("JSON lines are read, and texts of the command line are not split")
  func formats() {
    var json = InputAssembler(.json)
    push("\"a\"\n[7]\n", to: &json)
    #expect(json.nextSlice(isFlush: true)?.entries == [text("a"), .success(.ids([7]))])
    var texts = InputAssembler(.text)
    texts.push(texts: [Array("a\nb".utf8), []])
    #expect(texts.nextSlice(isFlush: true)?.entries == [text("a\nb"), text("")])
  }
}
