internal import HeapModule
internal import JSON
package import MillpondClient

/// The best of many scores: descending, equals by index. Holds no more than it keeps.
package struct Ranking: Sendable {
  /// A scored document.
  package struct Entry: Sendable, Equatable {
    package var index: Int
    package var score: Score
    /// The document cut for a person; empty where nobody reads it.
    package var preview: String

    package init(index: Int, score: Score, preview: String = "") {
      self.index = index
      self.score = score
      self.preview = preview
    }
  }

  /// Entries kept at most.
  package let countMax: Int
  /// Entries given so far.
  package private(set) var offeredCount = 0
  private var kept = Heap<Ranked>()

  /// - Parameter countMax: at least 1.
  package init(countMax: Int) {
    self.countMax = countMax
  }

  /// Takes an entry, and drops the worst of more than `countMax`. The score must not be NaN.
  package mutating func offer(_ entry: Entry) {
    offeredCount += 1
    kept.insert(Ranked(entry: entry))
    if kept.count > countMax { kept.removeMin() }
  }

  /// Whether an entry offered now would be kept: what is shown of others need not be made.
  package func keeps(_ score: Score, at index: Int) -> Bool {
    guard kept.count >= countMax, let worst = kept.min else { return true }
    return worst < Ranked(entry: Entry(index: index, score: score))
  }

  /// What is kept, the best first.
  package var best: [Entry] {
    kept.unordered.sorted(by: >).map(\.entry)
  }
}

/// An entry in the order of ranking: the better is the greater.
private struct Ranked: Comparable, Sendable {
  var entry: Ranking.Entry

  static func == (left: Ranked, right: Ranked) -> Bool {
    left.entry.score.value == right.entry.score.value && left.entry.index == right.entry.index
  }

  static func < (left: Ranked, right: Ranked) -> Bool {
    let (leftScore, rightScore) = (left.entry.score.value, right.entry.score.value)
    return leftScore == rightScore
      ? left.entry.index > right.entry.index : leftScore < rightScore
  }
}

/// `--json --top N`: the N best, the best first, then the inputs with errors.
package struct JSONTopReport: AnswerReport {
  private var ranking: Ranking
  private var failures: [(index: Int, error: MillpondError)] = []

  package let isStreaming = false

  package init(countMax: Int) {
    ranking = Ranking(countMax: countMax)
  }

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<Score, MillpondError>, to page: inout [UInt8]
  ) {
    switch Score.checked(result) {
    case .success(let score): ranking.offer(Ranking.Entry(index: index, score: score))
    case .failure(let error): failures.append((index, error))
    }
  }

  package mutating func finish(_ page: inout [UInt8]) {
    var writer = JSONWriter()
    for entry in ranking.best { writer.line(index: entry.index, Result.success(entry.score)) }
    for failure in failures {
      writer.line(index: failure.index, Result<Score, MillpondError>.failure(failure.error))
    }
    page += writer.bytes
  }
}
