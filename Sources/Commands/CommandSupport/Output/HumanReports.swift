package import MillpondClient

/// What all reports for people share: the width, and how a row names its input.
package struct Page: Sendable, Hashable {
  /// Columns of the terminal.
  package var columns: Int

  package init(columns: Int) {
    self.columns = max(columns, 40)
  }

  /// A row, with the rest of the line filled by the input's text where there is room for some.
  func row(_ head: String, _ entry: InputEntry) -> String {
    let room = columns - TerminalText.columns(of: head) - 2
    guard room >= 8 else { return head + "\n" }
    let text = preview(entry, columnsMax: room)
    return text.isEmpty ? head + "\n" : head + "  " + text + "\n"
  }

  /// The row of an input that has no value.
  func failureRow(index: Int, _ error: MillpondError) -> String {
    let text = TerminalText.escaped(error.message)
    return String(index).padded(left: 5) + "  \(error.code.name): \(text)\n"
  }

  /// The input in one line, escaped and cut.
  func preview(_ entry: InputEntry, columnsMax: Int) -> String {
    guard case .success(let value) = entry else { return "" }
    switch value {
    case .text(let bytes):
      return TerminalText.escaped(utf8: bytes, columnsMax: columnsMax)
    case .pair(let query, let document):
      let half = columnsMax / 2 - 2
      return TerminalText.escaped(utf8: query, columnsMax: half) + " ⇢ "
        + TerminalText.escaped(utf8: document, columnsMax: half)
    case .ids(let ids):
      let shown = ids.prefix(columnsMax).map(String.init).joined(separator: " ")
      return TerminalText.escaped("[" + shown + "]", columnsMax: columnsMax)
    }
  }
}

/// Tokens for people: the pieces as the vocabulary spells them, with their ids below.
package struct TokenizeReport: AnswerReport {
  private let page: Page

  package init(_ page: Page) {
    self.page = page
  }

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<Tokenization, MillpondError>,
    to output: inout [UInt8]
  ) {
    switch result {
    case .failure(let error): output += page.failureRow(index: index, error).utf8
    case .success(let tokens):
      let cut = tokens.isTruncated ? "  ✂" : ""
      let unit = tokens.ids.count == 1 ? "token" : "tokens"
      let head = String(index).padded(left: 5) + "  \(tokens.ids.count) \(unit)\(cut)"
      output += page.row(head, entry).utf8
      output += rows(tokens).utf8
    }
  }

  /// Columns of one token each, spelling over id, as many beside one another as fit.
  private func rows(_ tokens: Tokenization) -> String {
    var text = ""
    var spellings = "      "
    var ids = "      "
    for (position, id) in tokens.ids.enumerated() {
      let bytes = position < tokens.spellings.count ? tokens.spellings[position] : []
      let spelling = TerminalText.escaped(utf8: bytes, columnsMax: 32)
      let number = String(id)
      let width = max(TerminalText.columns(of: spelling), number.count)
      if TerminalText.columns(of: spellings) + width + 1 > page.columns {
        text += spellings.trimmed + "\n" + ids.trimmed + "\n"
        spellings = "      "
        ids = "      "
      }
      spellings += " " + spelling.padded(right: width)
      ids += " " + number.padded(right: width)
    }
    return tokens.ids.isEmpty ? text : text + spellings.trimmed + "\n" + ids.trimmed + "\n"
  }
}

extension String {
  /// Without spaces at the end.
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
