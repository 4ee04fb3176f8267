internal import JSON

/// Looks for spellings of special tokens in texts of strangers.
///
/// A tokenizer makes the token of such a spelling, wherever it stands. Inside a prompt that is a
/// way to end the document early and to write the rest of the prompt: `<|im_end|>` in a page of the
/// web would be as good as ours.
struct SpecialTokenScan: Sendable {
  /// Spellings by their first byte.
  private var spellings: [[[UInt8]]] = Array(repeating: [], count: 256)
  /// The ids of the tokens.
  private var ids: Set<Int32> = []

  /// No tokens.
  init() {}

  /// The tokens that `tokenizer.json` lists as added and special.
  init(_ tokenizerFile: JSON) {
    guard let added = tokenizerFile["added_tokens"] else { return }
    for entry in added.elements where entry["special"]?.bool == true {
      guard let content = entry["content"]?.stringBytes, let first = content.first else { continue }
      spellings[Int(first)].append(content)
      if let id = entry["id"]?.int { ids.insert(Int32(clamping: id)) }
    }
  }

  /// Whether a token is special.
  func contains(_ id: Int32) -> Bool { ids.contains(id) }

  /// The first special token that `text` spells, and the byte at which it begins.
  func first(in text: [UInt8]) -> (spelling: [UInt8], offset: Int)? {
    for offset in text.indices {
      for spelling in spellings[Int(text[offset])]
      where text.count - offset >= spelling.count
        && text[offset..<offset + spelling.count].elementsEqual(spelling)
      {
        return (spelling, offset)
      }
    }
    return nil
  }
}
