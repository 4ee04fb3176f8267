internal import Kernels

/// One layer of a `StackBackbone`.
struct StackLayer: Sendable {
  var attentionNorm: RowNorm?
  /// Each with its first column in a row of projections.
  var projections: [(map: Linear, column: Int)]
  var queryNorm: RowNorm?
  var keyNorm: RowNorm?
  /// Which of the backbone's rotary positions.
  var rotary: Int?
  var attention: MaskedAttention
  var attentionOutput: Linear
  /// Of the attention's output before it is added; nil where it stands elsewhere.
  var attentionOutputNorm: RowNorm?
  var feedForwardNorm: RowNorm?
  /// Both halves of a gated one side by side; nil, as the map back, where experts stand in the
  /// place of the feed-forward part.
  var feedForward: Linear?
  /// nil where the maps do it.
  var activation: ElementFunction?
  /// `.none` where the maps do it.
  var gate: StackSettings.Gate
  var feedForwardOutput: Linear?
  var experts: ExpertLayer?
  /// Of the feed-forward's output before it is added; nil where it stands elsewhere.
  var feedForwardOutputNorm: RowNorm?
  var table: KernelTable

  /// Runs the layer on a batch, whose hidden states it replaces.
  func apply(_ batch: RaggedBatch, _ scratch: StackScratch) {
    for group in SequenceGroups(batch) {
      if group.lowerBound > 0 { scratch.operations.beat() }
      attend(batch, inputs: group, scratch)
    }
    for tile in RowTiles(0..<batch.tokenCount, rowsMax: Linear.tileRows) {
      if tile.lowerBound > 0 { scratch.operations.beat() }
      addAttention(rows: tile, scratch)
      if let experts {
        experts.apply(rows: tile, scratch)
      } else if let feedForward, let feedForwardOutput {
        self.feedForward(rows: tile, feedForward, feedForwardOutput, scratch)
      }
    }
  }

  private func attend(_ batch: RaggedBatch, inputs: Range<Int>, _ scratch: StackScratch) {
    let first = batch.offsets[inputs.lowerBound]
    let rows = first..<batch.offsets[inputs.upperBound]
    project(rows, scratch)
    if let queryNorm {
      table.normalizeHeads(
        &scratch.projections, rows: rows.count, column: 0, count: attention.headCount, queryNorm)
    }
    let keyColumn = attention.headCount * attention.headSize
    if let keyNorm {
      table.normalizeHeads(
        &scratch.projections, rows: rows.count, column: keyColumn,
        count: attention.keyHeadCount, keyNorm)
    }
    for input in inputs {
      let tokens = batch.tokens(of: input)
      let own = tokens.lowerBound - first..<tokens.upperBound - first
      if let rotary {
        // Queries and keys lie side by side and are turned alike.
        scratch.rotaries[rotary].apply(
          &scratch.projections, rows: own, column: 0,
          headCount: attention.headCount + attention.keyHeadCount, headSize: attention.headSize)
      }
      attention.apply(
        scratch.projections, rows: own, into: &scratch.context, at: tokens.lowerBound,
        keyCount: batch.keyCounts[input], scratch: scratch.operations)
    }
  }

  private func project(_ rows: Range<Int>, _ scratch: StackScratch) {
    let own = 0..<rows.count
    if let attentionNorm {
      table.normalize(scratch.hidden, rows: rows, into: &scratch.normed, attentionNorm)
    }
    for (map, column) in projections {
      if attentionNorm == nil {
        map.apply(
          scratch.hidden, rows: rows, into: &scratch.projections, at: 0, column: column,
          scratch: scratch.operations)
      } else {
        map.apply(
          scratch.normed, rows: own, into: &scratch.projections, at: 0, column: column,
          scratch: scratch.operations)
      }
    }
  }

  private func addAttention(rows: Range<Int>, _ scratch: StackScratch) {
    guard let attentionOutputNorm else {
      attentionOutput.apply(
        scratch.context, rows: rows, into: &scratch.hidden, at: rows.lowerBound,
        scratch: scratch.operations)
      return
    }
    attentionOutput.apply(
      scratch.context, rows: rows, into: &scratch.normed, at: 0, scratch: scratch.operations)
    addNormed(attentionOutputNorm, rows: rows, scratch)
  }

  /// Maps the first rows of `input` back to the hidden size and adds them to `rows` of the hidden
  /// states.
  private func finish(
    _ map: Linear, _ input: borrowing Matrix, rows: Range<Int>, _ scratch: StackScratch
  ) {
    let own = 0..<rows.count
    guard let feedForwardOutputNorm else {
      map.apply(
        input, rows: own, into: &scratch.hidden, at: rows.lowerBound, scratch: scratch.operations)
      return
    }
    map.apply(input, rows: own, into: &scratch.normed, at: 0, scratch: scratch.operations)
    addNormed(feedForwardOutputNorm, rows: rows, scratch)
  }

  private func addNormed(_ norm: RowNorm, rows: Range<Int>, _ scratch: StackScratch) {
    table.normalize(&scratch.normed, rows: 0..<rows.count, norm)
    table.add(scratch.normed, to: &scratch.hidden, rows: rows)
  }

  private func feedForward(
    rows: Range<Int>, _ first: Linear, _ last: Linear, _ scratch: StackScratch
  ) {
    let own = 0..<rows.count
    if let feedForwardNorm {
      table.normalize(scratch.hidden, rows: rows, into: &scratch.normed, feedForwardNorm)
    }
    if gate == .none, activation == nil {
      return joined(rows: rows, first, last, scratch)
    }
    if feedForwardNorm == nil {
      first.apply(
        scratch.hidden, rows: rows, into: &scratch.intermediate, at: 0,
        scratch: scratch.operations)
    } else {
      first.apply(
        scratch.normed, rows: own, into: &scratch.intermediate, at: 0, scratch: scratch.operations)
    }
    if gate == .none {
      if let activation {
        table.apply(
          activation, to: &scratch.intermediate, rows: rows.count, column: 0,
          count: first.outColumns)
      }
      finish(last, scratch.intermediate, rows: rows, scratch)
    } else {
      table.gate(
        activation ?? .identity, firstHalf: gate == .first, &scratch.intermediate,
        rows: rows.count, into: &scratch.gated)
      finish(last, scratch.gated, rows: rows, scratch)
    }
  }

  /// The feed-forward part where nothing is left between its maps.
  private func joined(
    rows: Range<Int>, _ first: Linear, _ last: Linear, _ scratch: StackScratch
  ) {
    let own = 0..<rows.count
    switch (feedForwardNorm, feedForwardOutputNorm) {
    case (nil, nil):
      first.apply(to: &scratch.hidden, rows: rows, then: last, scratch: scratch.operations)
    case (nil, let after?):
      first.apply(
        scratch.hidden, rows: rows, then: last, into: &scratch.normed, at: 0,
        scratch: scratch.operations)
      addNormed(after, rows: rows, scratch)
    case (_, let after?):
      first.apply(to: &scratch.normed, rows: own, then: last, scratch: scratch.operations)
      addNormed(after, rows: rows, scratch)
    case (_, nil):
      first.apply(
        scratch.normed, rows: own, then: last, into: &scratch.hidden, at: rows.lowerBound,
        scratch: scratch.operations)
    }
  }
}
