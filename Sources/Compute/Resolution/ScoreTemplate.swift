internal import ModelFiles

/// How a query and a document become the prompt of a cross-encoder that was a language model.
package struct ScoreTemplate: Sendable, Equatable {
  /// A part of a piece.
  package enum Part: Sendable, Equatable {
    /// UTF-8 as it is.
    case text([UInt8])
    /// What to look for: that of the call, else the template's own.
    case instruction
    /// The query.
    case query
    /// The document, the only part that a limit cuts.
    case document
    /// These two texts around the call's instruction; nothing at all without one.
    case optionalInstruction(before: [UInt8], after: [UInt8])
  }

  /// Each piece is tokenised on its own, as the model's card does it, and the ids are joined. A
  /// spelling of a special token becomes that token. Exactly one piece has the document.
  package var pieces: [[Part]]
  /// Whether the tokenizer puts its special tokens around it all, as around a single text.
  package var addsSpecialTokens: Bool
  /// The instruction of calls that bring none; UTF-8.
  package var instruction: [UInt8]?

  /// A template of a known checkpoint, from its parts.
  init(pieces: [[Part]], addsSpecialTokens: Bool = false, instruction: [UInt8]? = nil) {
    self.pieces = pieces
    self.addsSpecialTokens = addsSpecialTokens
    self.instruction = instruction
  }

  /// Kinds and bytes in order, for fingerprints: the same for the same template, for ever.
  var canonicalText: String {
    let parts = pieces.map { piece in
      piece.map { part in
        switch part {
        case .text(let text): "text \(text)"
        case .instruction: "instruction"
        case .query: "query"
        case .document: "document"
        case .optionalInstruction(let before, let after): "optional \(before) \(after)"
        }
      }.joined(separator: ";")
    }
    return "\(parts.joined(separator: "|")) \(addsSpecialTokens)"
  }

  /// Reads pieces with the markers `{instruction}`, `{query}` and `{document}`; `source` is what
  /// messages call them. Throws `.malformed` for text that is not UTF-8, for an unknown marker, and
  /// unless there is one document, a query and at most one instruction.
  package init(
    pieces texts: [[UInt8]], source: String
  ) throws(ResolutionError) {
    pieces = []
    addsSpecialTokens = false
    for text in texts {
      guard String(validating: text, as: UTF8.self) != nil else {
        throw ResolutionError(.malformed, "\(source): this is not UTF-8")
      }
      pieces.append(try Self.parts(text, source))
    }
    let parts = pieces.joined()
    let counts = [
      ("document", parts.count { $0 == .document }, 1...1),
      ("query", parts.count { $0 == .query }, 1...Int.max),
      ("instruction", parts.count { $0 == .instruction }, 0...1),
    ]
    for (name, count, allowed) in counts where !allowed.contains(count) {
      throw ResolutionError(
        .malformed,
        "\(source): {\(name)} occurs \(count) times; a score template has {query}, {document} once "
          + "and {instruction} at most once")
    }
  }

  /// Reads the file of `--score-template`: one piece, every byte of it counts, also a line end at
  /// the end. Blocks. Throws as `init(pieces:source:)` does, and what reading the file gives.
  package init(path: String) throws(ResolutionError) {
    let bytes = try reading { () throws(ModelFilesError) in try OperatorFile.bytes(path) }
    try self.init(pieces: [bytes], source: path)
  }

  /// Whether a call may bring an instruction.
  package var takesInstruction: Bool {
    pieces.joined().contains { part in
      if case .optionalInstruction = part { return true }
      return part == .instruction
    }
  }

  /// Whether a call must bring an instruction.
  package var needsInstruction: Bool {
    instruction == nil && pieces.joined().contains(.instruction)
  }

  private static let markers: [String: Part] = [
    "instruction": .instruction, "query": .query, "document": .document,
  ]

  /// The parts of a piece. A brace that does not begin `{word}` stands for itself.
  private static func parts(
    _ text: [UInt8], _ source: String
  ) throws(ResolutionError) -> [Part] {
    var parts: [Part] = []
    var plain: [UInt8] = []
    var index = 0
    while index < text.count {
      guard let name = marker(in: text, at: index) else {
        plain.append(text[index])
        index += 1
        continue
      }
      guard let part = markers[name] else {
        throw ResolutionError(
          .malformed,
          "\(source): {\(name)} is no marker; {instruction}, {query} and {document} are")
      }
      if !plain.isEmpty { parts.append(.text(plain)) }
      plain = []
      parts.append(part)
      index += name.utf8.count + 2
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    return parts
  }

  /// The word of a `{word}` that begins at `index`, of small letters and underscores.
  private static func marker(in text: [UInt8], at index: Int) -> String? {
    guard text[index] == UInt8(ascii: "{") else { return nil }
    let word = text[(index + 1)...].prefix {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
    }
    guard !word.isEmpty, word.endIndex < text.count, text[word.endIndex] == UInt8(ascii: "}")
    else { return nil }
    return String(decoding: word, as: UTF8.self)
  }
}

extension ScoreTemplate: CustomStringConvertible {
  /// The template on one line: pieces in quotation marks, line ends as `\n`.
  package var description: String {
    let texts = pieces.map { piece in
      let text = piece.map(\.display).joined()
        .replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
      return "\"\(text)\""
    }
    let special = addsSpecialTokens ? ", special tokens around" : ""
    let own = instruction.map { ", instruction \"\(String(decoding: $0, as: UTF8.self))\"" } ?? ""
    return texts.joined(separator: " + ") + special + own
  }
}

extension ScoreTemplate.Part {
  fileprivate var display: String {
    switch self {
    case .text(let text): String(decoding: text, as: UTF8.self)
    case .instruction: "{instruction}"
    case .query: "{query}"
    case .document: "{document}"
    case .optionalInstruction(let before, let after):
      "[" + String(decoding: before, as: UTF8.self) + "{instruction}"
        + String(decoding: after, as: UTF8.self) + "]"
    }
  }
}
