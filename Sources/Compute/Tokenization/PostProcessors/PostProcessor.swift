/// The post-processor of a tokenizer.json, compiled: what stands around and between the tokens of
/// the texts, and the type ids.
///
/// Matches `tokenizers` 0.23.3, `processors/template.rs`, `bert.rs` and `roberta.rs`.
struct PostProcessor: Sendable {
  /// A part of a template.
  enum Piece: Sendable {
    case special([Int32])
    case first
    case second
  }

  /// What is made of one text or of a pair.
  struct Template: Sendable {
    let pieces: [Piece]
    /// The number of pieces with type id 0; all pieces after them have type id 1.
    let firstSegmentCount: Int
    /// The number of special tokens.
    let specialCount: Int
  }

  let single: Template
  /// The template for pairs, or why pairs are refused: many models never see one.
  let pair: Result<Template, TokenizationError>

  /// The file says null: texts as they are, the second one with type id 1.
  static let none = PostProcessor(
    single: Template(pieces: [.first], firstSegmentCount: 1, specialCount: 0),
    pair: .success(Template(pieces: [.first, .second], firstSegmentCount: 1, specialCount: 0)))

  /// `[CLS] first [SEP] second [SEP]`, the last two with type id 1.
  static func bert(classification: Int32, separator: Int32) -> PostProcessor {
    let begin: [Piece] = [.special([classification]), .first, .special([separator])]
    let end: [Piece] = [.second, .special([separator])]
    return PostProcessor(
      single: Template(pieces: begin, firstSegmentCount: 3, specialCount: 2),
      pair: .success(Template(pieces: begin + end, firstSegmentCount: 3, specialCount: 3)))
  }

  /// `<s> first </s></s> second </s>`, all with type id 0.
  static func roberta(classification: Int32, separator: Int32) -> PostProcessor {
    let begin: [Piece] = [.special([classification]), .first, .special([separator])]
    let end: [Piece] = [.special([separator]), .second, .special([separator])]
    return PostProcessor(
      single: Template(pieces: begin, firstSegmentCount: 3, specialCount: 2),
      pair: .success(Template(pieces: begin + end, firstSegmentCount: 6, specialCount: 4)))
  }
}

extension PostProcessor.Template {
  /// The ids of a whole input, and the index of the first one with type id 1.
  func assemble(
    first: ArraySlice<Int32>, second: ArraySlice<Int32>
  ) -> (ids: [Int32], segmentStart: Int) {
    var ids: [Int32] = []
    ids.reserveCapacity(first.count + second.count + specialCount)
    var segmentStart: Int?
    for (index, piece) in pieces.enumerated() {
      if index == firstSegmentCount { segmentStart = ids.count }
      switch piece {
      case .special(let special): ids.append(contentsOf: special)
      case .first: ids.append(contentsOf: first)
      case .second: ids.append(contentsOf: second)
      }
    }
    return (ids, segmentStart ?? ids.count)
  }
}
