import Foundation

/// BERT in Double, one input at a time, written from transformers' `modeling_bert.py` and nothing
/// of ours.
struct ReferenceBert {
  let model: TinyBert
  let prefix: String

  init(_ model: TinyBert) {
    self.model = model
    prefix = model.tensors["bert.embeddings.word_embeddings.weight"] == nil ? "" : "bert."
  }

  typealias Rows = [[Double]]

  /// The rows of a tensor, as a matrix.
  private func rows(_ name: String) -> Rows {
    guard let tensor = model.tensors[name] else { return [] }
    let columns = tensor.shape.last ?? 1
    return stride(from: 0, to: tensor.values.count, by: columns).map { start in
      tensor.values[start..<start + columns].map(Double.init)
    }
  }

  private func vector(_ name: String) -> [Double] { rows(name).flatMap { $0 } }

  private func dense(_ x: Rows, _ name: String) -> Rows {
    let weight = rows(name + ".weight")
    let bias = vector(name + ".bias")
    return x.map { row in
      zip(weight, bias).map { column, shift in
        zip(row, column).reduce(shift) { $0 + $1.0 * $1.1 }
      }
    }
  }

  private func norm(_ x: Rows, _ name: String) -> Rows {
    let gamma = vector(name + ".weight")
    let beta = vector(name + ".bias")
    return x.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(row.count)
      return row.indices.map {
        (row[$0] - mean) / (variance + 1e-12).squareRoot() * gamma[$0] + beta[$0]
      }
    }
  }

  private func attention(_ x: Rows, _ layer: String) -> Rows {
    let query = dense(x, layer + "attention.self.query")
    let key = dense(x, layer + "attention.self.key")
    let value = dense(x, layer + "attention.self.value")
    let size = TinyBert.hidden / TinyBert.heads
    return x.indices.map { token in
      (0..<TinyBert.heads).flatMap { head -> [Double] in
        let columns = head * size..<(head + 1) * size
        let scores = x.indices.map { other in
          columns.reduce(0.0) { $0 + query[token][$1] * key[other][$1] }
            / Double(size).squareRoot()
        }
        let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
        let sum = powers.reduce(0, +)
        return columns.map { column in
          x.indices.reduce(0.0) { $0 + powers[$1] / sum * value[$1][column] }
        }
      }
    }
  }

  private func add(_ x: Rows, _ y: Rows) -> Rows {
    zip(x, y).map { zip($0, $1).map(+) }
  }

  /// The last hidden states, one row for each token.
  func hidden(_ ids: [Int32], segmentStart: Int) -> Rows {
    let words = rows(prefix + "embeddings.word_embeddings.weight")
    let positions = rows(prefix + "embeddings.position_embeddings.weight")
    let segments = rows(prefix + "embeddings.token_type_embeddings.weight")
    var x: Rows = ids.enumerated().map { index, id in
      let segment = segments[index < segmentStart ? 0 : 1]
      return words[Int(id)].indices.map {
        words[Int(id)][$0] + segment[$0] + positions[index][$0]
      }
    }
    x = norm(x, prefix + "embeddings.LayerNorm")
    for index in 0..<TinyBert.layers {
      let layer = prefix + "encoder.layer.\(index)."
      let attended = dense(attention(x, layer), layer + "attention.output.dense")
      x = norm(add(attended, x), layer + "attention.output.LayerNorm")
      let inner = dense(x, layer + "intermediate.dense").map {
        $0.map { 0.5 * $0 * erfc(-$0 * 0.5.squareRoot()) }
      }
      x = norm(add(dense(inner, layer + "output.dense"), x), layer + "output.LayerNorm")
    }
    return x
  }

  /// The logits of the classifier over tanh of the pooler.
  func logits(_ ids: [Int32], segmentStart: Int) -> [Double] {
    let first = Array(hidden(ids, segmentStart: segmentStart).prefix(1))
    let pooled = dense(first, prefix + "pooler.dense").map { $0.map { tanh($0) } }
    return dense(pooled, "classifier")[0]
  }
}
