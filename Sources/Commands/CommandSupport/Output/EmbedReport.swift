package import MillpondClient

/// Embeddings for people: a row each with what one looks at first.
///
/// The heading is that of the first row's form; a model has one form for a call.
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
    switch Embedding.checked(result) {
    case .failure(let error): output += page.failureRow(index: index, error).utf8
    case .success(let embedding):
      if !hasHeading {
        output += heading(embedding.value).utf8
        hasHeading = true
      }
      output += page.row(head(index, embedding), entry).utf8
    }
  }

  private func heading(_ value: Embedding.Value) -> String {
    switch value {
    case .vector: "index  tokens    norm  dim  embedding\n"
    case .tokens: "index  tokens  vectors  dim  first vector\n"
    case .sparse: "index  tokens  weights  heaviest id:weight\n"
    }
  }

  private func head(_ index: Int, _ embedding: Embedding) -> String {
    let cells = [
      String(index).padded(left: 5),
      (String(embedding.tokenCount) + (embedding.isTruncated ? "✂" : "")).padded(left: 6),
    ]
    return (cells + self.cells(embedding.value)).joined(separator: "  ")
  }

  private func cells(_ value: Embedding.Value) -> [String] {
    switch value {
    case .vector(let vector):
      // In double: the norm of a long vector would lose digits otherwise.
      let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return [
        NumberText.fixed(norm, 4).padded(left: 6), String(vector.count).padded(left: 3),
        components(vector[...]),
      ]
    case .tokens(let rows):
      return [
        String(rows.rowCount).padded(left: 7), String(rows.columnCount).padded(left: 3),
        rows.rowCount > 0 ? components(rows[0]) : "[]",
      ]
    case .sparse(let sparse):
      let heaviest = zip(sparse.ids, sparse.weights).sorted {
        $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1
      }
      let shown = heaviest.prefix(4).map { "\($0.0):\(NumberText.fixed($0.1, 3))" }
      let more = heaviest.count > shown.count ? " …" : ""
      return [String(sparse.ids.count).padded(left: 7), shown.joined(separator: " ") + more]
    }
  }

  private func components(_ vector: ArraySlice<Float>) -> String {
    let shown = vector.prefix(3).map { NumberText.fixed($0, 4).padded(left: 7) }
    return "[" + shown.joined(separator: " ") + (vector.count > 3 ? " …]" : "]")
  }
}
