internal import Kernels
internal import ModelFiles
internal import Resolution

/// Maps of token vectors, one after another: from hidden states to the vectors of ColBERT, to the
/// logits of a token classifier or to logits over the vocabulary.
///
/// A row's result depends on that row only, as `Linear` and `Head` say.
struct TokenMaps: Sendable {
  /// The map of a step: by a packed product where it is wide, by dot products where it is narrow.
  enum Map: Sendable {
    case wide(Linear, ElementFunction)
    case narrow(Head)

    var inColumns: Int {
      switch self {
      case .wide(let map, _): map.inColumns
      case .narrow(let map): map.inColumns
      }
    }

    var outColumns: Int {
      switch self {
      case .wide(let map, _): map.outColumns
      case .narrow(let map): map.outColumns
      }
    }
  }

  /// A map and the norm after it.
  struct Step: Sendable {
    var map: Map
    var norm: RowNorm?
  }

  /// From here on packed weights are worth their memory.
  static let wideColumns = 64

  let hiddenSize: Int
  let steps: [Step]
  let table: KernelTable

  /// Columns of the result.
  var outColumns: Int { steps.last?.map.outColumns ?? hiddenSize }

  /// Rows that are mapped at a time: about 16 MB of the widest result.
  var tileRows: Int {
    let widest = steps.map(\.map.outColumns).max() ?? hiddenSize
    return min(Linear.tileRows, max(16, (4 << 20) / max(widest, hiddenSize)))
  }

  /// Maps the first `rows` rows of the scratch's `input`; gives the rows to `body`.
  func apply(rows: Int, _ scratch: TokenScratch, _ body: (inout Matrix) -> Void) {
    guard !steps.isEmpty else {
      body(&scratch.input)
      return
    }
    for (index, step) in steps.enumerated() {
      // The step's result is moved out of the list while another matrix of it is read.
      scratch.withOutput(of: index) { (input, output) in
        switch step.map {
        case .wide(let map, let function):
          map.apply(
            input, rows: 0..<rows, into: &output, at: 0, scratch: scratch.operations)
          table.apply(function, to: &output, rows: rows, column: 0, count: output.columns)
        case .narrow(let head):
          head.apply(input, rows: rows, into: &output)
        }
        if let norm = step.norm { table.normalize(&output, rows: 0..<rows, norm) }
        if index == steps.count - 1 { body(&output) }
      }
    }
  }

  func makeScratch() throws(ModelError) -> TokenScratch {
    try computing { () throws(KernelsError) in try TokenScratch(self) }
  }
}

/// The working memory of a token head for one thread. Pages become resident when they are used.
final class TokenScratch {
  /// Hidden states of one tile, `[tileRows, hidden]`.
  var input: Matrix
  private var outputs: [TokenRowsBox]
  let operations: Scratch

  init(_ head: TokenMaps) throws(KernelsError) {
    let rows = head.tileRows
    input = try Matrix(rows: rows, columns: head.hiddenSize)
    var outputs: [TokenRowsBox] = []
    for step in head.steps {
      outputs.append(TokenRowsBox(try Matrix(rows: rows, columns: step.map.outColumns)))
    }
    self.outputs = outputs
    let widths = head.steps.map(\.map.outColumns) + [head.hiddenSize]
    operations = try Scratch(
      Scratch.Limits(
        inColumnsMax: widths.max() ?? 1, sequenceLengthMax: 1, headSize: 1))
  }

  /// Calls `body` with what step `index` reads and with what it writes.
  func withOutput(of index: Int, _ body: (borrowing Matrix, inout Matrix) -> Void) {
    let output = outputs[index]
    if index == 0 {
      body(input, &output.matrix)
    } else {
      body(outputs[index - 1].matrix, &output.matrix)
    }
  }
}

/// A matrix in a list.
final class TokenRowsBox {
  var matrix: Matrix

  init(_ matrix: consuming Matrix) { self.matrix = matrix }
}
