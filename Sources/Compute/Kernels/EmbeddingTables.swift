internal import CKernels

/// The sum of word, position and segment embeddings, normalised: the first hidden state of BERT.
package struct EmbeddingTables: Sendable {
  /// Rows of the word table; ids are below it.
  package let vocabularySize: Int
  /// Rows of the position table.
  package let positionCount: Int
  /// Rows of the segment table: 1 or 2 are used.
  package let segmentCount: Int
  /// Columns of every table.
  package let columns: Int
  private let words: SharedWeights
  private let positions: SharedWeights
  private let segments: [Float]
  private let norm: LayerNorm
  private let table: KernelTable

  /// Word `[vocabulary, columns]` and position `[positions, columns]` tables, segment rows
  /// `[segments, columns]` and the norm, whose length is `columns`.
  ///
  /// The word table keeps its stored type; positions of a 16-bit type are converted (a copy).
  /// Throws `.outOfMemory`.
  package init(
    words: SharedWeights, positions: SharedWeights, segments: [Float], norm: LayerNorm,
    table: KernelTable
  ) throws(KernelsError) {
    columns = norm.columns
    precondition(words.count % columns == 0 && positions.count % columns == 0)
    precondition(!segments.isEmpty && segments.count % columns == 0)
    vocabularySize = words.count / columns
    positionCount = positions.count / columns
    segmentCount = segments.count / columns
    self.words = words
    self.positions = try positions.asFloats(table)
    self.segments = segments
    self.norm = norm
    self.table = table
  }

  /// Embeds one sequence into `output` `[…, columns]` from row `outputRow` on.
  ///
  /// Token i has position `firstPosition + i`; tokens from `segmentStart` on belong to the second
  /// segment. The caller has checked ids, positions and segments against the sizes above; here
  /// they are preconditions.
  package func apply(
    _ ids: ArraySlice<Int32>, segmentStart: Int, firstPosition: Int = 0,
    into output: inout Matrix, at outputRow: Int
  ) {
    output.check(outputRow..<outputRow + ids.count)
    precondition(output.columns == columns)
    precondition(firstPosition >= 0 && firstPosition + ids.count <= positionCount)
    precondition(segmentStart >= 0 && segmentStart <= ids.count)
    precondition(segmentStart == ids.count || segmentCount > 1)
    precondition(ids.allSatisfy { $0 >= 0 && Int($0) < vocabularySize })
    ids.withUnsafeBufferPointer { ids in
      guard let start = ids.baseAddress else { return }
      segments.withUnsafeBufferPointer { segments in
        guard let first = segments.baseAddress else { return }
        sum(start, segment: first, position: firstPosition, count: segmentStart, &output, outputRow)
        guard segmentStart < ids.count else { return }
        sum(
          start + segmentStart, segment: first + columns, position: firstPosition + segmentStart,
          count: ids.count - segmentStart, &output, outputRow + segmentStart)
      }
    }
    let row = output.start(ofRow: outputRow)
    table.functions.pointee.layer_norm(
      row, columns, norm.gamma, norm.beta, norm.epsilon, ids.count, columns)
  }

  private func sum(
    _ ids: UnsafePointer<Int32>, segment: UnsafePointer<Float>, position: Int, count: Int,
    _ output: inout Matrix, _ outputRow: Int
  ) {
    let functions = table.functions
    let out = output.start(ofRow: outputRow)
    let positions = positions.floats + position * columns
    switch words.type {
    case .f32:
      functions.pointee.embed_f32(
        out, columns, words.floats, ids, positions, segment, count, columns)
    case .f16:
      functions.pointee.embed_f16(
        out, columns, words.halves, ids, positions, segment, count, columns)
    case .bf16:
      functions.pointee.embed_bf16(
        out, columns, words.halves, ids, positions, segment, count, columns)
    }
  }
}
