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

/// Vectors for people: a row each with what one looks at first.
package struct EmbedReport: AnswerReport {
  private let page: Page
  private var hasHeading = false

  package init(_ page: Page) {
    self.page = page
  }

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<Embedding, MillpondError>,
    to output: inout [UInt8]
  ) {
    if !hasHeading {
      output += "index  tokens    norm  dim  embedding\n".utf8
      hasHeading = true
    }
    switch Embedding.checked(result) {
    case .failure(let error): output += page.failureRow(index: index, error).utf8
    case .success(let embedding): output += page.row(head(index, embedding), entry).utf8
    }
  }

  private func head(_ index: Int, _ embedding: Embedding) -> String {
    let vector = embedding.vector
    // In double: the norm of a long vector would lose digits otherwise.
    let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    let components = vector.prefix(3).map { NumberText.fixed($0, 4).padded(left: 7) }
    return [
      String(index).padded(left: 5),
      (String(embedding.tokenCount) + (embedding.isTruncated ? "✂" : "")).padded(left: 6),
      NumberText.fixed(norm, 4).padded(left: 6),
      String(vector.count).padded(left: 3),
      "[" + components.joined(separator: " ") + (vector.count > 3 ? " …]" : "]"),
    ].joined(separator: "  ")
  }
}

/// Labels for people: the input, and below it the likeliest labels with bars.
package struct ClassifyReport: AnswerReport {
  private let page: Page
  private let labelsMax = 5

  package init(_ page: Page) {
    self.page = page
  }

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<LabelValues, MillpondError>,
    to output: inout [UInt8]
  ) {
    switch LabelValues.checked(result) {
    case .failure(let error): output += page.failureRow(index: index, error).utf8
    case .success(let values):
      output += page.row(head(index, values.classification), entry).utf8
      output += rows(values).utf8
    }
  }

  private func head(_ index: Int, _ answer: Classification) -> String {
    String(index).padded(left: 5) + (answer.isTruncated ? "  ✂" : "")
  }

  private func rows(_ answer: LabelValues) -> String {
    let values = answer.classification.values
    let order = values.indices.sorted {
      values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1]
    }
    let shown = order.prefix(labelsMax).map { position in
      (label: label(position, answer.classification.labels), value: values[position])
    }
    let width = shown.map { TerminalText.columns(of: $0.label) }.max() ?? 0
    var text = ""
    for (label, value) in shown {
      text += "       " + label.padded(right: width) + "  "
      text +=
        answer.isRaw
        ? NumberText.fixed(value, 4).padded(left: 9)
        : NumberText.fixed(value * 100, 1).padded(left: 5) + " %  "
          + NumberText.bar(value, columns: 24)
      while text.last == " " { text.removeLast() }
      text += "\n"
    }
    if order.count > labelsMax { text += "       … and \(order.count - labelsMax) more labels\n" }
    return text
  }

  private func label(_ position: Int, _ labels: [String]) -> String {
    position < labels.count
      ? TerminalText.escaped(labels[position], columnsMax: 32) : "label \(position)"
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
