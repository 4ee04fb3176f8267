package import JSON
package import MillpondClient

/// `--json`: exactly one object a line for each input, in input order.
package struct JSONReport<Value: PrintableAnswer>: AnswerReport {
  private var writer = JSONWriter()

  package init() {}

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<Value, MillpondError>, to page: inout [UInt8]
  ) {
    writer.removeAll()
    writer.line(index: index, result)
    page += writer.bytes
  }
}

extension JSONWriter {
  /// One line: `{"index":0,…}` with the value's members, or with its error.
  mutating func line<Value: PrintableAnswer>(
    index: Int, _ result: Result<Value, MillpondError>
  ) {
    beginObject()
    key("index")
    number(index)
    switch Value.checked(result) {
    case .success(let value): value.writeMembers(&self)
    case .failure(let error): errorMember(error)
    }
    endObject()
    endLine()
  }

  private mutating func errorMember(_ error: MillpondError) {
    key("error")
    beginObject()
    key("code")
    string(error.code.name)
    key("message")
    string(error.message)
    endObject()
  }

  fileprivate mutating func length(tokens: Int, isTruncated: Bool) {
    key("tokens")
    number(tokens)
    key("truncated")
    bool(isTruncated)
  }

  fileprivate mutating func numbers(_ values: some Sequence<Float>) {
    beginArray()
    for value in values { number(value) }
    endArray()
  }

  fileprivate mutating func rows(_ rows: TokenRows) {
    beginArray()
    for row in 0..<rows.rowCount { numbers(rows[row]) }
    endArray()
  }

  fileprivate mutating func sparse(_ sparse: SparseVector) {
    beginObject()
    key("ids")
    beginArray()
    for id in sparse.ids { number(Int(id)) }
    endArray()
    key("weights")
    numbers(sparse.weights)
    endObject()
  }
}

extension Embedding: PrintableAnswer {
  package var isFinite: Bool {
    switch value {
    case .vector(let vector): vector.allSatisfy(\.isFinite)
    case .tokens(let rows): rows.values.allSatisfy(\.isFinite)
    case .sparse(let sparse): sparse.weights.allSatisfy(\.isFinite)
    }
  }

  package func writeMembers(_ writer: inout JSONWriter) {
    switch value {
    case .vector(let vector):
      writer.key("embedding")
      writer.numbers(vector)
    case .tokens(let rows):
      writer.key("embeddings")
      writer.rows(rows)
    case .sparse(let sparse):
      writer.key("sparse")
      writer.sparse(sparse)
    }
    writer.length(tokens: tokenCount, isTruncated: isTruncated)
  }
}

/// A classification as it is printed: with probabilities or, raw, with logits.
package struct LabelValues: PrintableAnswer, Equatable {
  package var classification: Classification
  package var isRaw: Bool

  package init(_ classification: Classification, isRaw: Bool) {
    self.classification = classification
    self.isRaw = isRaw
  }

  package var isFinite: Bool {
    switch classification.value {
    case .text(let values): values.allSatisfy(\.isFinite)
    case .tokens(let rows): rows.values.allSatisfy(\.isFinite)
    }
  }

  package func writeMembers(_ writer: inout JSONWriter) {
    let numbersKey = isRaw ? "logits" : "probabilities"
    switch classification.value {
    case .text(let values):
      writer.key("label")
      writer.string(classification.label)
      writer.key(numbersKey)
      writer.numbers(values)
    case .tokens(let rows):
      writer.key("labels")
      writer.beginArray()
      for label in classification.tokenLabels { writer.string(label) }
      writer.endArray()
      writer.key(numbersKey)
      writer.rows(rows)
    }
    writer.length(tokens: classification.tokenCount, isTruncated: classification.isTruncated)
  }
}

extension Score: PrintableAnswer {
  package var isFinite: Bool { value.isFinite }

  package func writeMembers(_ writer: inout JSONWriter) {
    writer.key("score")
    writer.number(value)
    writer.length(tokens: tokenCount, isTruncated: isTruncated)
  }
}

extension Tokenization: PrintableAnswer {
  package var isFinite: Bool { true }

  package func writeMembers(_ writer: inout JSONWriter) {
    writer.key("ids")
    writer.beginArray()
    for id in ids { writer.number(Int(id)) }
    writer.endArray()
    writer.key("tokens")
    writer.beginArray()
    for spelling in spellings { writer.string(spelling) }
    writer.endArray()
  }
}
