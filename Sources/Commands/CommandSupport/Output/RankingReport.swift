package import MillpondClient

/// Scores for people: the documents from the best down, with the errors below.
package struct RankingReport: AnswerReport {
  private let page: Page
  private var ranking: Ranking
  private var failures: [(index: Int, error: MillpondError)] = []
  private var failureCount = 0

  package let isStreaming = false

  /// Ranks and errors shown when no number is asked for: nobody reads more.
  package static let defaultCountMax = 1_000

  package init(_ page: Page, countMax: Int = RankingReport.defaultCountMax) {
    self.page = page
    ranking = Ranking(countMax: countMax)
  }

  package mutating func add(
    index: Int, entry: InputEntry, result: Result<Score, MillpondError>, to output: inout [UInt8]
  ) {
    switch Score.checked(result) {
    case .success(let score):
      let isKept = ranking.keeps(score, at: index)
      let preview = isKept ? page.preview(entry, columnsMax: max(page.columns - 32, 20)) : ""
      ranking.offer(Ranking.Entry(index: index, score: score, preview: preview))
    case .failure(let error):
      failureCount += 1
      if failures.count < Self.defaultCountMax { failures.append((index, error)) }
    }
  }

  package mutating func finish(_ output: inout [UInt8]) {
    let best = ranking.best
    if !best.isEmpty { output += " rank    score  index  document\n".utf8 }
    for (rank, entry) in best.enumerated() {
      output += row(rank: rank + 1, entry).utf8
    }
    let hidden = ranking.offeredCount - best.count
    if hidden > 0 {
      output += "       … and \(NumberText.grouped(hidden)) below\n".utf8
    }
    for failure in failures {
      output += page.failureRow(index: failure.index, failure.error).utf8
    }
    if failureCount > failures.count {
      let more = NumberText.grouped(failureCount - failures.count)
      output += "       … and \(more) more errors\n".utf8
    }
  }

  private func row(rank: Int, _ entry: Ranking.Entry) -> String {
    let score = NumberText.fixed(entry.score.value, 4).padded(left: 9)
    let cut = entry.score.isTruncated ? "✂ " : ""
    let document = cut + entry.preview
    return String(rank).padded(left: 5) + score + String(entry.index).padded(left: 7)
      + (document.isEmpty ? "" : "  " + document) + "\n"
  }
}
