import Testing
import Wire

/// A value whose bytes do not fit its shape is refused, and nothing is counted by what a peer says.
@Suite("Shapes of results")
struct ShapeTests {
  private func embed(
    _ value: EmbedValue, dimensions: Int, _ type: ElementType = .f32
  ) -> WireError? {
    EmbedResponse.refusal(
      of: EmbedResponse(
        results: [EmbedResult(outcome: .value(value))], dimensions: dimensions, elementType: type
      ).encoded())
  }

  private func classify(_ value: ClassifyValue, labels: [String]) -> WireError? {
    ClassifyResponse.refusal(
      of: ClassifyResponse(results: [ClassifyResult(outcome: .value(value))], labels: labels)
        .encoded())
  }

  @Test("a vector has the bytes of its dimensions, by the element type")
  func vectors() {
    let bytes = [UInt8](repeating: 0, count: 8)
    #expect(embed(.vector(bytes), dimensions: 2) == nil)
    #expect(embed(.vector(bytes), dimensions: 4, .f16) == nil)
    #expect(
      embed(.vector(bytes), dimensions: 3)
        == WireError(
          .malformed, "EmbedResult.embedding has 8 bytes, not those of 1 × 3 elements of 4"))
    #expect(embed(.vector(bytes), dimensions: 2, .bf16)?.code == .malformed)
    #expect(embed(.vector([]), dimensions: 0) == nil)
  }

  @Test("token vectors have the bytes of rows and dimensions")
  func tokenVectors() {
    let bytes = [UInt8](repeating: 0, count: 24)
    #expect(embed(.tokens(TokenRows(values: bytes, rows: 3)), dimensions: 2) == nil)
    #expect(embed(.tokens(TokenRows(values: [], rows: 0)), dimensions: 2) == nil)
    #expect(
      embed(.tokens(TokenRows(values: bytes, rows: 2)), dimensions: 2)
        == WireError(
          .malformed, "EmbedResult.token_vectors has 24 bytes, not those of 2 × 2 elements of 4"))
  }

  @Test("rows of nothing, and rows whose bytes no number holds, are refused")
  func lyingRows() {
    let most = Int(UInt32.max)
    #expect(embed(.tokens(TokenRows(values: [], rows: most)), dimensions: 0)?.code == .malformed)
    #expect(embed(.tokens(TokenRows(values: [], rows: most)), dimensions: most)?.code == .malformed)
    #expect(classify(.tokens(TokenRows(values: [], rows: 2)), labels: [])?.code == .malformed)
  }

  @Test("sparse weights are as many as the ids")
  func sparse() {
    #expect(
      embed(.sparse(SparseVector(ids: [1, 2], weights: [0, 0, 0, 0])), dimensions: 0, .f16) == nil)
    #expect(
      embed(.sparse(SparseVector(ids: [1, 2], weights: [0, 0, 0, 0])), dimensions: 0)
        == WireError(.malformed, "EmbedResult.sparse has 4 bytes, not those of 2 × 1 elements of 4")
    )
  }

  @Test("values of labels, of a text and of tokens, are one for each")
  func labels() {
    let bytes = [UInt8](repeating: 0, count: 16)
    #expect(classify(.labels(bytes), labels: ["a", "b", "c", "d"]) == nil)
    #expect(classify(.tokens(TokenRows(values: bytes, rows: 2)), labels: ["a", "b"]) == nil)
    #expect(
      classify(.labels(bytes), labels: ["a"])
        == WireError(
          .malformed, "ClassifyResult.values has 16 bytes, not those of 1 × 1 elements of 4"))
    #expect(
      classify(.tokens(TokenRows(values: bytes, rows: 3)), labels: ["a"])
        == WireError(
          .malformed, "ClassifyResult.token_values has 16 bytes, not those of 3 × 1 elements of 4"))
  }

  @Test("an unknown output is refused")
  func unknownOutput() {
    #expect(
      EmbedRequest.refusal(of: Raw.number(7, 4))
        == WireError(
          .malformed, "EmbedRequest has an unknown normalization, element_type or output"))
  }

  @Test("a result without an outcome, as of a later version, is refused")
  func unknownOutcome() {
    #expect(
      EmbedResponse.refusal(of: Raw.bytes(1, Raw.bytes(9, [1])))
        == WireError(.malformed, "EmbedResult has neither value nor error"))
    #expect(
      ClassifyResponse.refusal(of: Raw.bytes(1, Raw.bytes(9, [1])))
        == WireError(.malformed, "ClassifyResult has neither value nor error"))
  }
}
