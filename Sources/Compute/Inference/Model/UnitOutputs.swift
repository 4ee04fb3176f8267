/// What a call asks of the model for one of its units.
package enum UnitRequest: Sendable, Equatable {
  /// One row: a pooled vector, or logits.
  case row
  /// A row for each token that the model keeps.
  case tokens
  /// Weights for ids of the vocabulary.
  case sparse
}

/// What one unit of a batch came to.
package enum UnitOutput: Sendable, Equatable {
  /// So many rows without gaps, in this range of the batch's values.
  case rows(Range<Int>, count: Int)
  /// Ids, ascending, with their weights.
  case sparse(ids: [Int32], weights: [Float])
}

/// What a batch came to.
package struct BatchOutput: Sendable {
  /// The rows of all units in f32, in the order of the batch.
  package var values: [Float]
  /// One for each unit.
  package var units: [UnitOutput]

  /// An output from its parts.
  package init(values: [Float], units: [UnitOutput]) {
    self.values = values
    self.units = units
  }

  /// One row of `width` floats for each of `count` units. `rows` has as many floats.
  package init(rows: [Float], count: Int, width: Int) {
    values = rows
    units = (0..<count).map { .rows($0 * width..<($0 + 1) * width, count: 1) }
  }
}

/// How a model that compares the vectors of tokens reads a text.
package enum TextRole: Sendable, Hashable {
  /// With the marker of queries, filled up to their length.
  case query
  /// With the marker of documents, some of whose tokens are left out.
  case document
}

/// Where texts have roles: how long they may be.
package struct RoleLengths: Sendable, Equatable {
  /// Most tokens of a query; all queries have so many where they are filled up.
  package var query: Int
  /// Most tokens of a document.
  package var document: Int

  /// Lengths from both.
  package init(query: Int, document: Int) {
    self.query = query
    self.document = document
  }
}

/// The token behind each step of an input, where a process reward model judges.
package struct StepToken: Sendable, Equatable {
  /// Its id.
  package var id: Int32
  /// As it is spelled in the vocabulary.
  package var spelling: String

  /// A token.
  package init(id: Int32, spelling: String) {
    self.id = id
    self.spelling = spelling
  }
}
