internal import Kernels
internal import Resolution

extension LoadedModel {
  /// Sparse weights of the inputs that ask for them.
  func applySparse(
    _ head: TokenMaps, _ kind: SparseHead, _ batch: RaggedBatch, _ requests: [OutputRequest],
    _ backbone: any BackboneScratch, _ scratch: TokenScratch, _ places: inout [OutputPlace]
  ) {
    let inputs = requests.indices.filter { requests[$0] == .sparse }
    switch kind {
    case .languageModel(let logarithms):
      let greatest = SparseMaxima(head: head, batch: batch, inputs: inputs, scratch: scratch)
      greatest.run(backbone) { input, row in
        let pairs = table.positiveLogarithms(
          row, count: head.outColumns, repetitions: logarithms)
        places[input] = .sparse(ids: pairs.indices, weights: pairs.values)
      }
    case .tokenWeights(let specialIDs):
      for input in inputs {
        let tokens = batch.tokens(of: input)
        var weights = [Float](repeating: 0, count: tokens.count)
        for tile in RowTiles(tokens, rowsMax: head.tileRows) {
          for row in tile {
            scratch.input.copyRow(row, of: backbone.hidden, to: row - tile.lowerBound)
          }
          head.apply(rows: tile.count, scratch) { result in
            result.copyRows(
              0..<tile.count, into: &weights, at: tile.lowerBound - tokens.lowerBound)
          }
        }
        places[input] = Self.greatest(weights, ids: batch.ids[tokens], without: specialIDs)
      }
    }
  }

  /// Of each id the greatest weight of its tokens; ids without a positive one are left out. A
  /// weight that is NaN is the greatest of its id.
  package static func greatest(
    _ weights: [Float], ids: ArraySlice<Int32>, without specialIDs: [Int32]
  ) -> OutputPlace {
    var best: [Int32: Float] = [:]
    // A weight that is not a number goes on, to be refused.
    for (weight, id) in zip(weights, ids) where !(weight <= 0) && !specialIDs.contains(id) {
      let known = best[id] ?? 0
      if !(weight <= known), !known.isNaN { best[id] = weight }
    }
    let sorted = best.sorted { $0.key < $1.key }
    return .sparse(ids: sorted.map(\.key), weights: sorted.map(\.value))
  }
}

/// The greatest value of each column over the tokens of an input, computed in tiles that reach
/// over inputs: the weights of a vocabulary are large, and inputs often short.
private struct SparseMaxima {
  let head: TokenMaps
  let batch: RaggedBatch
  let inputs: [Int]
  let scratch: TokenScratch

  /// Calls `body` with each input and its row.
  func run(_ backbone: any BackboneScratch, _ body: (Int, [Float]) -> Void) {
    let rows = inputs.flatMap { input in batch.tokens(of: input).map { (input, $0) } }
    var row = [Float](repeating: 0, count: head.outColumns)
    var part = row
    var isCarried = false
    for tile in RowTiles(0..<rows.count, rowsMax: head.tileRows) {
      if tile.lowerBound > 0 { backbone.operations.beat() }
      for index in tile {
        scratch.input.copyRow(rows[index].1, of: backbone.hidden, to: index - tile.lowerBound)
      }
      head.apply(rows: tile.count, scratch) { result in
        var start = tile.lowerBound
        while start < tile.upperBound {
          let input = rows[start].0
          var end = start
          while end < tile.upperBound, rows[end].0 == input { end += 1 }
          let own = start - tile.lowerBound..<end - tile.lowerBound
          head.table.maxPool(result, rows: own, into: &part, at: 0)
          if isCarried {
            // Rows of this input were in the tile before.
            head.table.takeGreater(&row, part)
          } else {
            swap(&row, &part)
          }
          isCarried = end < rows.count && rows[end].0 == input
          if !isCarried { body(input, row) }
          start = end
        }
      }
    }
  }
}
