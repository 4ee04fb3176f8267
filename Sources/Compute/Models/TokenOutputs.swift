internal import Kernels
internal import Resolution

/// What is asked of one input of a batch.
package enum OutputRequest: Sendable, Equatable {
  /// The one row of the plan's head: a pooled vector, or logits.
  case row
  /// The vectors or logits of these tokens, by their index in the input, ascending.
  case tokens([Int])
  /// Weights for ids of the vocabulary.
  case sparse
}

/// What one input of a batch came to.
package enum OutputPlace: Sendable, Equatable {
  /// So many rows without gaps, in this range of the batch's values.
  case rows(Range<Int>, count: Int)
  /// Ids, ascending, with weights above 0.
  case sparse(ids: [Int32], weights: [Float])
}

/// What a model gives beside one row for each input.
struct TokenOutputs: Sendable {
  /// From hidden states to the rows of tokens.
  var tokens: TokenMaps
  /// From hidden states to what sparse weights are made of, and how; nil for none.
  var sparse: (head: TokenMaps, kind: SparseHead)?
}

extension LoadedModel {
  /// Runs a batch of which each input asks for an output of its own. `values` becomes the rows of
  /// all inputs, f32, in input order: pooled vectors and token rows are neither cut, normalised nor
  /// activated.
  ///
  /// A row depends on its own input only: the same bits in any batch, at any place, on any thread.
  /// Blocks for the whole computation. Throws `.invalidBatch`, naming input, value and limit,
  /// before anything is computed, and `.givenUp` when the scratch's checkpoint was false.
  package func forward(
    _ batch: RaggedBatch, requests: [OutputRequest], scratch: ModelScratch,
    into values: inout [Float]
  ) throws(ModelError) -> [OutputPlace] {
    guard requests.count == batch.inputCount else {
      throw ModelError(
        .invalidBatch, "\(requests.count) requests for \(batch.inputCount) inputs")
    }
    try check(batch, scratch.limits)
    try check(requests, batch)
    let tokenWidth = outputs.tokens.outColumns
    var places: [OutputPlace] = []
    var count = 0
    for request in requests {
      var width = 0
      var rows = 0
      switch request {
      case .row: (width, rows) = (outputWidth, 1)
      case .tokens(let tokens): (width, rows) = (tokenWidth, tokens.count)
      case .sparse: break
      }
      places.append(.rows(count..<count + width * rows, count: rows))
      count += width * rows
    }
    values = [Float](repeating: 0, count: count)
    guard backbone.forward(batch, scratch: scratch.backbone) else {
      throw ModelError(.givenUp, "the batch was given up between two layers")
    }
    applyRows(batch, requests, places, scratch, into: &values)
    applyTokens(batch, requests, places, scratch, into: &values)
    if requests.contains(.sparse), let sparse = outputs.sparse, let own = scratch.sparse {
      applySparse(sparse.head, sparse.kind, batch, requests, scratch.backbone, own, &places)
    }
    return places
  }

  private func check(
    _ requests: [OutputRequest], _ batch: RaggedBatch
  ) throws(ModelError) {
    for (input, request) in requests.enumerated() {
      switch request {
      case .row:
        guard head != nil else {
          throw ModelError(
            .invalidBatch, "input \(input) asks for one row, which the model does not give")
        }
      case .tokens(let tokens):
        let all = batch.tokens(of: input).count
        guard tokens.allSatisfy({ $0 >= 0 && $0 < all }) else {
          throw ModelError(.invalidBatch, "input \(input) asks for tokens beyond its \(all)")
        }
      case .sparse:
        guard outputs.sparse != nil else {
          throw ModelError(
            .invalidBatch, "input \(input) asks for sparse weights, which the model does not give")
        }
      }
    }
  }

  private func applyRows(
    _ batch: RaggedBatch, _ requests: [OutputRequest], _ places: [OutputPlace],
    _ scratch: ModelScratch, into values: inout [Float]
  ) {
    guard let head, requests.contains(.row) else { return }
    guard requests.contains(where: { $0 != .row }) else {
      head.apply(scratch.backbone.hidden, batch, scratch, into: &values)
      return
    }
    var rows = [Float](repeating: 0, count: batch.inputCount * outputWidth)
    head.apply(scratch.backbone.hidden, batch, scratch, into: &rows)
    for (input, request) in requests.enumerated() where request == .row {
      if case .rows(let range, _) = places[input] {
        values.replaceSubrange(range, with: rows[input * outputWidth..<(input + 1) * outputWidth])
      }
    }
  }

  /// Gathers tokens over inputs, so that a product has as many rows as a tile takes.
  private func applyTokens(
    _ batch: RaggedBatch, _ requests: [OutputRequest], _ places: [OutputPlace],
    _ scratch: ModelScratch, into values: inout [Float]
  ) {
    let head = outputs.tokens
    let own = scratch.tokens
    var rows: [(hidden: Int, target: Int)] = []
    for (input, request) in requests.enumerated() {
      guard case .tokens(let tokens) = request, case .rows(let range, _) = places[input] else {
        continue
      }
      let first = batch.tokens(of: input).lowerBound
      for (index, token) in tokens.enumerated() {
        rows.append((first + token, range.lowerBound + index * head.outColumns))
      }
    }
    for tile in RowTiles(0..<rows.count, rowsMax: head.tileRows) {
      if tile.lowerBound > 0 { scratch.backbone.operations.beat() }
      for (index, row) in rows[tile].enumerated() {
        own.input.copyRow(row.hidden, of: scratch.backbone.hidden, to: index)
      }
      // Rows that were asked for lie one after another.
      var target = rows[tile.lowerBound].target
      var start = tile.lowerBound
      head.apply(rows: tile.count, own) { result in
        while start < tile.upperBound {
          var end = start + 1
          while end < tile.upperBound,
            rows[end].target == rows[end - 1].target + head.outColumns
          {
            end += 1
          }
          result.copyRows(
            start - tile.lowerBound..<end - tile.lowerBound, into: &values, at: target)
          start = end
          if end < tile.upperBound { target = rows[end].target }
        }
      }
    }
  }
}
