internal import CKernels

/// Attention of every head within each input of a ragged batch, with all that decoders and
/// relative positions ask for: keys before or around a query only, fewer heads of keys than of
/// queries, capped scores, terms for the distance.
///
/// Computed in tiles of up to 60 queries by the keys that they see: memory grows with the length of an
/// input, not with its square. An input's result depends on its own rows only.
package struct MaskedAttention: Sendable {
  /// Which keys a query sees: those at most `left` tokens before it and `right` after it; nil is
  /// without limit.
  package struct Window: Sendable, Equatable {
    package var left: Int?
    package var right: Int?

    /// Every key.
    package static let all = Window(left: nil, right: nil)
    /// The query's own key and those before it.
    package static let causal = Window(left: nil, right: 0)

    package init(left: Int?, right: Int?) {
      precondition(left ?? 0 >= 0 && right ?? 0 >= 0)
      self.left = left
      self.right = right
    }
  }

  /// What is added to scores for the distance of query and key.
  package enum Bias: Sendable {
    case none
    case distance(DistanceBias)
    case disentangled(DisentangledBias)
  }

  /// Heads of queries, and of the result.
  package let headCount: Int
  /// Heads of keys and of values; divides `headCount`.
  package let keyHeadCount: Int
  /// Columns of one head.
  package let headSize: Int
  private let scale: Float
  private let window: Window
  private let softCap: Float?
  private let bias: Bias
  private let table: KernelTable

  /// Scores are multiplied by `scale` (> 0); a `softCap` c makes each c · tanh(score / c).
  package init(
    headCount: Int, keyHeadCount: Int, headSize: Int, scale: Float, window: Window,
    softCap: Float? = nil, bias: Bias = .none, table: KernelTable
  ) {
    precondition(headCount > 0 && keyHeadCount > 0 && headSize > 0 && scale > 0)
    precondition(headCount % keyHeadCount == 0 && softCap ?? 1 > 0)
    self.headCount = headCount
    self.keyHeadCount = keyHeadCount
    self.headSize = headSize
    self.scale = scale
    self.window = window
    self.softCap = softCap
    self.bias = bias
    self.table = table
  }

  /// Columns of a row of queries, keys and values.
  package var projectionColumns: Int { (headCount + 2 * keyHeadCount) * headSize }

  /// Attends within one input: `rows` of `projections`, each with queries, keys and values side by
  /// side. The results, `[rows.count, headCount · headSize]`, go to `output` from row `outputRow`
  /// on. Only the first `seenCount` rows (at least one; nil: all) are seen as keys.
  package func apply(
    _ projections: borrowing Matrix, rows: Range<Int>, into output: inout Matrix,
    at outputRow: Int, keyCount seenCount: Int? = nil, scratch: Scratch
  ) {
    projections.check(rows)
    output.check(outputRow..<outputRow + rows.count)
    precondition(projections.columns == projectionColumns)
    precondition(output.columns == headCount * headSize)
    precondition(rows.count <= scratch.limits.sequenceLengthMax)
    precondition(headSize <= scratch.limits.headSize)
    guard !rows.isEmpty else { return }
    let seenCount = seenCount ?? rows.count
    precondition(seenCount > 0 && seenCount <= rows.count)
    let stride = projections.columns
    let queries = projections.start(ofRow: rows.lowerBound)
    let keys = queries + headCount * headSize
    let values = keys + keyHeadCount * headSize
    let group = headCount / keyHeadCount
    let keyCount = Scratch.paddedKeyCount(seenCount)
    let target = output.start(ofRow: outputRow)
    scratch.share(keyHeadCount) { keyHead, scratch in
      table.functions.pointee.transpose(
        scratch.keys.base, keyCount, keys + keyHead * headSize, stride, seenCount, headSize)
      for head in keyHead * group..<(keyHead + 1) * group {
        attend(
          head, queries + head * headSize, keys: keys + keyHead * headSize,
          values: values + keyHead * headSize, stride: stride, count: rows.count, seenCount,
          into: target + head * headSize, scratch: scratch)
      }
    }
  }

  private func attend(
    _ head: Int, _ queries: UnsafePointer<Float>, keys: UnsafePointer<Float>,
    values: UnsafePointer<Float>, stride: Int, count: Int, _ seenCount: Int,
    into output: UnsafeMutablePointer<Float>, scratch: Scratch
  ) {
    let functions = table.functions
    let keyCount = Scratch.paddedKeyCount(seenCount)
    let scores = scratch.scores.base
    let outputStride = headCount * headSize
    if case .disentangled(let bias) = bias {
      bias.multiplyKeys(keys, head, stride, seenCount, headSize, scratch, table)
    }
    for tile in RowTiles(0..<count, rowsMax: Scratch.queryTileRows(keyCount: keyCount)) {
      if tile.lowerBound > 0 { scratch.beat() }
      // From a whole vector on, so that the columns stay aligned with the padding.
      let high = lastKey(tile.upperBound - 1, seenCount)
      let low = min(firstKey(tile.lowerBound), high - 1) / 16 * 16
      let tileQueries = queries + tile.lowerBound * stride
      functions.pointee.matmul(
        scores, keyCount, tileQueries, stride, scratch.keys.base + low, keyCount, tile.count,
        Scratch.paddedKeyCount(high - low), headSize)
      if case .disentangled(let bias) = bias {
        bias.multiplyQueries(tileQueries, head, stride, tile.count, headSize, scratch, table)
      }
      for row in tile {
        let own = scores + (row - tile.lowerBound) * keyCount
        weigh(
          own, head, row: row, of: tile.lowerBound, keys: low..<high, count: seenCount,
          scratch: scratch)
      }
      let target = output + tile.lowerBound * outputStride
      functions.pointee.matmul(
        target, outputStride, scores, keyCount, values + low * stride, stride, tile.count,
        headSize, high - low)
      functions.pointee.scale_rows(
        target, outputStride, scratch.shares.base, tile.count, headSize)
    }
  }

  private func firstKey(_ query: Int) -> Int { window.left.map { max(0, query - $0) } ?? 0 }

  private func lastKey(_ query: Int, _ count: Int) -> Int {
    window.right.map { min(count, query + $0 + 1) } ?? count
  }

  /// Makes weights of one row of scores, whose first column belongs to key `keys.lowerBound`:
  /// zeros for keys that the query does not see. What they are to be multiplied with goes to the
  /// scratch.
  private func weigh(
    _ scores: UnsafeMutablePointer<Float>, _ head: Int, row: Int, of tileStart: Int,
    keys: Range<Int>, count: Int, scratch: Scratch
  ) {
    let functions = table.functions
    let end = lastKey(row, count)
    // A row whose window holds no key that is seen: nothing is weighed.
    let first = min(firstKey(row), end)
    let seen = scores + (first - keys.lowerBound)
    let seenCount = end - first
    let share = scratch.shares.base + (row - tileStart)
    guard seenCount > 0 else {
      scores.update(repeating: 0, count: keys.count)
      share.pointee = 1
      return
    }
    var scale = scale
    switch bias {
    case .none: break
    case .distance(let bias):
      bias.values.withUnsafeBufferPointer { values in
        guard let start = values.baseAddress else { return }
        let column = first - row + bias.lengthMax - 1
        functions.pointee.scale_add(
          seen, scale, start + head * bias.width + column, seenCount)
      }
      scale = 1
    case .disentangled(let bias):
      bias.add(
        to: seen, row: row, tileRow: row - tileStart, keys: first..<end, scratch, table)
    }
    if let softCap {
      functions.pointee.soft_cap(seen, scale, softCap, seenCount)
      scale = 1
    }
    functions.pointee.exponentials(seen, seenCount, share, scale, 1, seenCount)
    scores.update(repeating: 0, count: first - keys.lowerBound)
    (seen + seenCount).update(repeating: 0, count: keys.upperBound - end)
  }
}

extension DisentangledBias {
  /// Every key of one head times every vector for keys, into the scratch.
  func multiplyKeys(
    _ keys: UnsafePointer<Float>, _ head: Int, _ stride: Int, _ keyCount: Int, _ headSize: Int,
    _ scratch: Scratch, _ table: KernelTable
  ) {
    guard let queryVectors else { return }
    precondition(paddedCount <= scratch.limits.distanceVectorCount && keyCount <= lengthMax)
    table.functions.pointee.matmul(
      scratch.keyDistances.base, paddedCount, keys, stride,
      queryVectors.transposed.floats + head * headSize * paddedCount, paddedCount, keyCount,
      paddedCount, headSize)
  }

  /// The queries of one tile times every vector for queries, into the scratch.
  func multiplyQueries(
    _ queries: UnsafePointer<Float>, _ head: Int, _ stride: Int, _ rows: Int, _ headSize: Int,
    _ scratch: Scratch, _ table: KernelTable
  ) {
    guard let keyVectors else { return }
    precondition(paddedCount <= scratch.limits.distanceVectorCount)
    table.functions.pointee.matmul(
      scratch.queryDistances.base, paddedCount, queries, stride,
      keyVectors.transposed.floats + head * headSize * paddedCount, paddedCount, rows,
      paddedCount, headSize)
  }

  /// Adds both products for the distances of one query to its scores of `keys`.
  func add(
    to scores: UnsafeMutablePointer<Float>, row: Int, tileRow: Int, keys: Range<Int>,
    _ scratch: Scratch, _ table: KernelTable
  ) {
    indices.withUnsafeBufferPointer { indices in
      guard let start = indices.baseAddress else { return }
      let own = start + (keys.lowerBound - row + lengthMax - 1)
      if keyVectors != nil {
        table.functions.pointee.gather_add(
          scores, scratch.queryDistances.base + tileRow * paddedCount, 0, own, keys.count)
      }
      if queryVectors != nil {
        table.functions.pointee.gather_add(
          scores, scratch.keyDistances.base + keys.lowerBound * paddedCount, paddedCount, own,
          keys.count)
      }
    }
  }
}
