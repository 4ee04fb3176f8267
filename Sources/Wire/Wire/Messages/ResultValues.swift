internal import CWireMessages

/// A row of numbers for each token, or for each step of a text, in the order of the text.
package struct TokenRows: Sendable, Equatable {
  /// Row after row, little-endian: rows × columns × element size bytes.
  package var values: [UInt8]
  /// Rows; a text may have none.
  package var rows: Int

  package init(values: [UInt8], rows: Int) {
    self.values = values
    self.rows = rows
  }
}

extension TokenRows: ProtobufConvertible {
  typealias Raw = Millpond__V1__TokenRows
  static let messageName: StaticString = "TokenRows"
  static var initializeRaw: Initialize<Raw> { millpond__v1__token_rows__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__token_rows__unpack }

  init(raw: borrowing Raw) {
    values = raw.values.array
    rows = Int(raw.rows)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.values = builder.bytes(values)
    raw.rows = UInt32(clamping: rows)
  }
}

/// What of the vocabulary a text is about.
package struct SparseVector: Sendable, Equatable {
  /// Ascending, as servers send them; not checked.
  package var ids: [UInt32]
  /// One for each id, little-endian.
  package var weights: [UInt8]

  package init(ids: [UInt32], weights: [UInt8]) {
    self.ids = ids
    self.weights = weights
  }
}

extension SparseVector: ProtobufConvertible {
  typealias Raw = Millpond__V1__SparseVector
  static let messageName: StaticString = "SparseVector"
  static var initializeRaw: Initialize<Raw> { millpond__v1__sparse_vector__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__sparse_vector__unpack }

  init(raw: borrowing Raw) {
    ids = Array(UnsafeBufferPointer(start: raw.ids, count: raw.ids == nil ? 0 : raw.n_ids))
    weights = raw.weights.array
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_ids = ids.count
    raw.ids = builder.numbers(ids)
    raw.weights = builder.bytes(weights)
  }
}

/// What Embed gives for one input.
package enum EmbedValue: Sendable, Equatable {
  /// Dimensions × element size bytes, little-endian.
  case vector([UInt8])
  /// A vector for each token.
  case tokens(TokenRows)
  case sparse(SparseVector)

  /// About what the value takes in a frame, in bytes.
  package var byteCount: Int {
    switch self {
    case .vector(let bytes): bytes.count
    case .tokens(let rows): rows.values.count
    // Ids take up to five bytes; most take three.
    case .sparse(let sparse): sparse.ids.count * 3 + sparse.weights.count
    }
  }

  /// - Throws: `.malformed` unless the value has as many bytes as its shape says.
  func check(dimensions: Int, _ type: ElementType) throws(WireError) {
    switch self {
    case .vector(let bytes):
      try Shape(rows: 1, columns: dimensions, type).check(bytes, "EmbedResult.embedding")
    case .tokens(let rows):
      try Shape(rows: rows.rows, columns: dimensions, type).check(
        rows.values, "EmbedResult.token_vectors")
    case .sparse(let sparse):
      try Shape(rows: sparse.ids.count, columns: 1, type).check(
        sparse.weights, "EmbedResult.sparse")
    }
  }
}

/// What Classify gives for one input, in f32.
package enum ClassifyValue: Sendable, Equatable {
  /// One for each label in label-id order, little-endian.
  case labels([UInt8])
  /// The same for each token or step.
  case tokens(TokenRows)

  /// About what the value takes in a frame, in bytes.
  package var byteCount: Int {
    switch self {
    case .labels(let bytes): bytes.count
    case .tokens(let rows): rows.values.count
    }
  }

  /// - Throws: `.malformed` unless the value has as many bytes as its shape says.
  func check(labelCount: Int) throws(WireError) {
    switch self {
    case .labels(let bytes):
      try Shape(rows: 1, columns: labelCount, .f32).check(bytes, "ClassifyResult.values")
    case .tokens(let rows):
      try Shape(rows: rows.rows, columns: labelCount, .f32).check(
        rows.values, "ClassifyResult.token_values")
    }
  }
}

/// How many bytes a value must have.
private struct Shape {
  let rows: Int
  let columns: Int
  let elementByteCount: Int

  init(rows: Int, columns: Int, _ type: ElementType) {
    self.rows = rows
    self.columns = columns
    elementByteCount = type.byteCount
  }

  func check(_ bytes: [UInt8], _ field: StaticString) throws(WireError) {
    // Rows and columns are of 32 bits each: with an element's size the product may overflow. Rows
    // of nothing would be an endless loop for free.
    let (count, overflow) = (rows * elementByteCount).multipliedReportingOverflow(by: columns)
    guard !overflow, count == bytes.count, rows <= 1 || columns > 0 else {
      throw WireError(
        .malformed,
        "\(field) has \(bytes.count) bytes, not those of \(rows) × \(columns) elements of "
          + "\(elementByteCount)")
    }
  }
}
