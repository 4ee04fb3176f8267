internal import CKernels

/// Rows of a word table by token id, with what is added to them: positions, segments.
package struct TokenTable: Sendable {
  /// Rows of the word table; ids are below it.
  package let vocabularySize: Int
  /// Columns of a row.
  package let columns: Int
  private let words: SharedWeights
  private let positions: SharedWeights?
  private let segments: [Float]?
  private let factor: Float
  private let table: KernelTable

  /// Words `[vocabulary, columns]` and, where the model has them, positions `[positions, columns]`,
  /// both as they are stored, and segments `[segments, columns]`. Words are multiplied by `factor`
  /// first.
  package init(
    words: SharedWeights, columns: Int, positions: SharedWeights?, segments: [Float]?,
    factor: Float, table: KernelTable
  ) {
    precondition(columns > 0 && words.count % columns == 0)
    precondition((positions?.count ?? 0) % columns == 0 && (segments?.count ?? 0) % columns == 0)
    self.words = words
    self.positions = positions
    self.segments = segments
    self.factor = factor
    self.columns = columns
    self.table = table
    vocabularySize = words.count / columns
  }

  /// Embeds one input into `output` `[…, columns]` from row `outputRow` on. Token i has position
  /// `firstPosition + i`; tokens from `segmentStart` on belong to the second segment. Ids,
  /// positions and segments have been checked.
  package func apply(
    _ ids: ArraySlice<Int32>, segmentStart: Int, firstPosition: Int, into output: inout Matrix,
    at outputRow: Int
  ) {
    output.check(outputRow..<outputRow + ids.count)
    precondition(output.columns == columns && firstPosition >= 0)
    precondition(ids.allSatisfy { $0 >= 0 && Int($0) < vocabularySize })
    if let positions {
      precondition((firstPosition + ids.count) * columns <= positions.count)
    }
    precondition(segmentStart >= ids.count || segments == nil || segments?.count ?? 0 > columns)
    let functions = table.functions
    for (index, id) in ids.enumerated() {
      let row = output.start(ofRow: outputRow + index)
      let start = Int(id) * columns
      words.widen(start..<start + columns, into: row, table)
      if factor != 1 { functions.pointee.scale(row, factor, columns) }
      segments?.withUnsafeBufferPointer { segments in
        guard let first = segments.baseAddress else { return }
        functions.pointee.add(row, index < segmentStart ? first : first + columns, columns)
      }
      if let positions {
        let start = (firstPosition + index) * columns
        positions.add(start..<start + columns, to: row, table)
      }
    }
  }
}
