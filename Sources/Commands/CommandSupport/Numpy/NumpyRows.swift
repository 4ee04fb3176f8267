package import MillpondClient

/// Makes the rows of an .npy file out of answers in input order. A value without I/O.
///
/// An input without a vector becomes a row of NaN, so that row i is input i.
package struct NumpyRows: Sendable {
  /// The header for the rows so far.
  package private(set) var header: NumpyHeader
  /// Rows of NaN before the first vector told their length, where the header did not.
  private var owedCount = 0

  /// - Parameter header: with the dimensions where they are known; 0 takes those of the first vector.
  package init(_ header: NumpyHeader) {
    self.header = header
  }

  /// The bytes of the next row, with those that could not be written before it.
  ///
  /// - Returns: the bytes, and the error of an input without a vector.
  package mutating func add(
    _ result: Result<Embedding, MillpondError>
  ) -> (bytes: [UInt8], error: MillpondError?) {
    header.rowCount += 1
    switch checked(result) {
    case .success(let vector):
      header.columnCount = vector.count
      defer { owedCount = 0 }
      return (missingRows(owedCount) + header.elements(vector), nil)
    case .failure(let error):
      guard header.columnCount > 0 else {
        owedCount += 1
        return ([], error)
      }
      return (missingRows(1), error)
    }
  }

  private func checked(
    _ result: Result<Embedding, MillpondError>
  ) -> Result<[Float], MillpondError> {
    Embedding.checked(result).flatMap { embedding in
      guard case .vector(let vector) = embedding.value else {
        return .failure(
          MillpondError(
            .failedPrecondition,
            "the model gives no single vector, and .npy holds one for each input"))
      }
      guard header.columnCount == 0 || header.columnCount == vector.count else {
        return .failure(
          MillpondError(
            .internal,
            "the vector has \(vector.count) numbers, a row of the file has "
              + "\(header.columnCount)"
          ))
      }
      return .success(vector)
    }
  }

  private func missingRows(_ count: Int) -> [UInt8] {
    let row = header.elements(Array(repeating: .nan, count: header.columnCount))
    return Array(repeatElement(row, count: count).joined())
  }
}
