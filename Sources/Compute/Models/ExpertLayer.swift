internal import Kernels
internal import ModelFiles
internal import Resolution

/// Experts in the place of a layer's feed-forward part: small feed-forward parts, of which each
/// token goes through the few that a router gives the greatest shares, times these shares.
///
/// The shares are the softmax over all experts and are not scaled to a sum of 1 after the choice.
/// Between equal shares the expert with the lower number is taken. What a token gets depends on
/// that token alone. The maps back to the hidden size are stored `[in, out]` and held as copies: as
/// many bytes as in the file.
struct ExpertLayer: Sendable {
  private let router: Head
  private let inner: [Linear]
  private let outer: [Linear]
  private let bias: [Float]
  private let activation: ElementFunction
  private let chosenCount: Int
  private let norm: RowNorm
  private let table: KernelTable

  /// nil for a layer without experts. Throws as `WeightLoader` does.
  init?(
    _ names: StackTensors.Layer, _ settings: StackSettings, _ loader: WeightLoader
  ) throws(ModelError) {
    guard let router = names.router, let own = settings.experts else { return nil }
    guard let first = names.feedForward.first, let bias = names.feedForwardOutput.bias,
      let norm = names.feedForwardOutputNorm
    else { throw ModelError(.missing, "a layer with experts lacks some of their tensors") }
    let columns = settings.hiddenSize
    let width = settings.intermediateSize
    self.router = try loader.head(router, out: own.count, in: columns, .identity)
    self.bias = try loader.floats(bias, shape: [columns])
    self.norm = try loader.norm(norm, settings, columns: columns)
    activation = settings.activation
    chosenCount = own.chosenCount
    table = loader.table
    // A product that overflows is no shape that a file has.
    let (rows, overflow) = own.count.multipliedReportingOverflow(by: width)
    guard !overflow else {
      throw ModelError(.malformed, "\(own.count) experts of \(width) columns are too many")
    }
    let all = try loader.weights(first.weight, shape: [rows, columns])
    let back = try loader.weights(names.feedForwardOutput.weight, shape: [rows, columns])
    var inner: [Linear] = []
    var outer: [Linear] = []
    for expert in 0..<own.count {
      let elements = expert * width * columns..<(expert + 1) * width * columns
      inner.append(
        try loader.linear([all.slice(elements)], in: columns, bias: nil, .bias))
      outer.append(
        try loader.linear(
          [back.slice(elements)], in: width, bias: nil, .bias, isTransposed: true))
    }
    self.inner = inner
    self.outer = outer
  }

  /// Replaces `rows` of the hidden states, at most a tile, by norm(rows + experts(rows)).
  func apply(rows: Range<Int>, _ scratch: StackScratch) {
    guard let own = scratch.experts else {
      preconditionFailure("the scratch of a backbone without experts")
    }
    for (index, row) in rows.enumerated() {
      own.input.copyRow(row, of: scratch.hidden, to: index)
    }
    router.apply(own.input, rows: rows.count, into: &own.shares)
    table.softmax(&own.shares, rows: rows.count)
    own.choose(rows: rows.count, chosenCount)
    own.sums.fill(rows: 0..<rows.count, with: bias)
    for expert in inner.indices where !own.chosen[expert].isEmpty {
      let chosen = own.chosen[expert]
      for (index, row) in chosen.enumerated() {
        own.gathered.copyRow(row, of: own.input, to: index)
      }
      let count = 0..<chosen.count
      inner[expert].apply(
        own.gathered, rows: count, into: &scratch.intermediate, at: 0, scratch: scratch.operations)
      table.apply(
        activation, to: &scratch.intermediate, rows: chosen.count, column: 0,
        count: scratch.intermediate.columns)
      outer[expert].apply(
        scratch.intermediate, rows: count, into: &own.gathered, at: 0, scratch: scratch.operations)
      for (index, row) in chosen.enumerated() {
        let share = own.share(row, expert)
        table.add(row: index, of: own.gathered, times: share, to: row, of: &own.sums)
      }
    }
    table.add(own.sums, to: &scratch.hidden, rows: rows)
    table.normalize(&scratch.hidden, rows: rows, norm)
  }
}

/// The working memory of experts for one tile of rows.
final class ExpertScratch {
  /// Hidden states of the tile, `[rows, hidden]`.
  var input: Matrix
  /// Shares of the experts, `[rows, experts]`.
  var shares: Matrix
  /// Rows that go through one expert, and what it gives.
  var gathered: Matrix
  /// Sums over experts.
  var sums: Matrix
  /// For each expert the rows that go through it, ascending.
  private(set) var chosen: [[Int]]

  init(_ settings: StackSettings.Experts, rows: Int, columns: Int) throws(KernelsError) {
    input = try Matrix(rows: rows, columns: columns)
    shares = try Matrix(rows: rows, columns: settings.count)
    gathered = try Matrix(rows: rows, columns: columns)
    sums = try Matrix(rows: rows, columns: columns)
    chosen = Array(repeating: [], count: settings.count)
  }

  func share(_ row: Int, _ expert: Int) -> Float {
    shares.element(row: row, column: expert)
  }

  /// Fills `chosen` from the first `rows` rows of `shares`.
  func choose(rows: Int, _ count: Int) {
    for expert in chosen.indices { chosen[expert].removeAll(keepingCapacity: true) }
    for row in 0..<rows {
      for _ in 0..<count {
        var best: Int?
        for expert in chosen.indices where chosen[expert].last != row {
          if let known = best, share(row, expert) <= share(row, known) { continue }
          best = expert
        }
        if let best { chosen[best].append(row) }
      }
    }
  }
}
