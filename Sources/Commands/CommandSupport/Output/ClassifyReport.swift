package import MillpondClient

/// Labels for people: the input, and below it the likeliest labels with bars, or the likeliest
/// label of each token or step.
package struct ClassifyReport: AnswerReport {
  private let page: Page
  private let labelsMax = 5
  private let rowsMax = 32

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
      switch values.classification.value {
      case .text(let numbers):
        output += rows(numbers, values.classification.labels, isRaw: values.isRaw).utf8
      case .tokens(let rows):
        output += tokenRows(rows, values.classification.tokenLabels, isRaw: values.isRaw).utf8
      }
    }
  }

  private func head(_ index: Int, _ answer: Classification) -> String {
    String(index).padded(left: 5) + (answer.isTruncated ? "  ✂" : "")
  }

  private func rows(_ values: [Float], _ labels: [String], isRaw: Bool) -> String {
    let order = values.indices.sorted {
      values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1]
    }
    let shown = order.prefix(labelsMax).map { position in
      (label: label(position, labels), value: values[position])
    }
    let width = shown.map { TerminalText.columns(of: $0.label) }.max() ?? 0
    var text = ""
    for (label, value) in shown {
      text += "       " + label.padded(right: width) + "  " + number(value, isRaw: isRaw) + "\n"
    }
    if order.count > labelsMax { text += "       … and \(order.count - labelsMax) more labels\n" }
    return text
  }

  /// The row's place among the tokens or steps, its likeliest label, and that label's number.
  private func tokenRows(_ rows: TokenRows, _ labels: [String], isRaw: Bool) -> String {
    let shown = labels.prefix(rowsMax).map { TerminalText.escaped($0, columnsMax: 32) }
    let width = shown.map(TerminalText.columns(of:)).max() ?? 0
    var text = ""
    for (row, label) in shown.enumerated() {
      text += String(row).padded(left: 9) + "  " + label.padded(right: width) + "  "
      text += number(rows[row].max() ?? 0, isRaw: isRaw) + "\n"
    }
    if labels.count > rowsMax { text += "       … and \(labels.count - rowsMax) more rows\n" }
    return text
  }

  /// A logit, or a probability with a bar.
  private func number(_ value: Float, isRaw: Bool) -> String {
    guard !isRaw else { return NumberText.fixed(value, 4).padded(left: 9) }
    let bar = NumberText.bar(value, columns: 24)
    return NumberText.fixed(value * 100, 1).padded(left: 5) + " %" + (bar.isEmpty ? "" : "  " + bar)
  }

  private func label(_ position: Int, _ labels: [String]) -> String {
    position < labels.count
      ? TerminalText.escaped(labels[position], columnsMax: 32) : "label \(position)"
  }
}
