/// The normalizer of a tokenizer.json: steps that are applied one after the other; none for null.
struct Normalizer: Sendable {
  /// One normalizer of the file format.
  enum Step: Sendable {
    case bert(BertNormalizer)
  }

  /// In the order of their application.
  let steps: [Step]

  /// Whether some step puts spaces around CJK ideographs.
  var splitsChinese: Bool {
    steps.contains { step in
      switch step {
      case .bert(let normalizer): normalizer.splitsChinese
      }
    }
  }

  /// Appends to `output`, which is empty, the normal form of `text[range]`, valid UTF-8.
  /// `intermediate` and `marks` are working memory.
  func normalize(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    intermediate: inout ByteBuffer, marks: inout [UInt64]
  ) {
    guard let first = steps.first else {
      output.append(text, range)
      return
    }
    apply(first, text, range, into: &output, marks: &marks)
    for step in steps.dropFirst() {
      swap(&output, &intermediate)
      output.removeAll()
      let text = intermediate.span
      apply(step, text, 0..<text.count, into: &output, marks: &marks)
    }
  }

  /// The normal form of a whole text on its own, for added tokens that are normalized.
  func normalForm(of text: [UInt8]) -> [UInt8] {
    var output = ByteBuffer()
    var intermediate = ByteBuffer()
    var marks: [UInt64] = []
    normalize(
      text.span, 0..<text.count, into: &output, intermediate: &intermediate, marks: &marks)
    let normal = output.span
    return normal.indices.map { normal[$0] }
  }

  private func apply(
    _ step: Step, _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    marks: inout [UInt64]
  ) {
    switch step {
    case .bert(let normalizer):
      normalizer.normalize(text, range, into: &output, marks: &marks)
    }
  }
}
