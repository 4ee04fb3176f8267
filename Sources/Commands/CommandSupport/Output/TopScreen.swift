internal import JSON
package import MillpondClient

/// What `millpond top` shows: what happened between two looks at a server.
package struct TopScreen: Sendable {
  /// What a server said of itself, and when.
  package struct Look: Sendable {
    package var information: ServerInfo
    /// Of any clock.
    package var time: Duration

    package init(_ information: ServerInfo, at time: Duration) {
      self.information = information
      self.time = time
    }
  }

  /// What one model did in the time between.
  private struct Rates {
    var calls = 0.0
    var inputs = 0.0
    var failures = 0.0
    var shared = 0.0
    var retried = 0.0
  }

  private let before: Look?
  private let now: Look
  private let seconds: Double

  /// - Parameter before: nil at the first look: there are no rates yet.
  package init(before: Look?, now: Look) {
    self.before = before
    self.now = now
    seconds = before.map { (now.time - $0.time) / .seconds(1) } ?? 0
  }

  /// Lines of at most so many columns.
  package func lines(at server: String, columns: Int) -> [String] {
    let information = now.information
    var lines = [
      "\(shown(information.role)) at \(shown(server)), version \(shown(information.version)), up "
        + "\(NumberText.duration(information.uptime)), "
        + "\(NumberText.bytes(information.residentBytes)) resident", "",
    ]
    lines += table(modelRows)
    if !information.workers.isEmpty { lines += [""] + table(workerRows) }
    return lines.map { TerminalText.escaped($0, columnsMax: columns) }
  }

  /// One object on one line, for programs: `{"models":[{"model","callsPerSecond","inputsPerSecond",
  /// "failuresPerSecond","openCalls","waitingInputs","backlogSeconds","medianSeconds","p99Seconds"}],
  /// "workers":[{"address","model","state","inputsPerSecond","busy","backlogSeconds","openPieces",
  /// "slowness","restarts"}]}`. `busy` is compute seconds a second.
  package func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("models")
    writer.beginArray()
    for traffic in now.information.traffic { write(traffic, &writer) }
    writer.endArray()
    writer.key("workers")
    writer.beginArray()
    for worker in now.information.workers { write(worker, &writer) }
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.bytes
  }

  private func write(_ traffic: ServerInfo.Traffic, _ writer: inout JSONWriter) {
    let rates = rates(traffic)
    writer.beginObject()
    writer.member("model", traffic.model)
    write("callsPerSecond", rates.calls, &writer)
    write("inputsPerSecond", rates.inputs, &writer)
    write("failuresPerSecond", rates.failures, &writer)
    writer.member("openCalls", traffic.openCalls)
    writer.member("waitingInputs", traffic.waitingInputs)
    write("backlogSeconds", traffic.backlog / .seconds(1), &writer)
    write("medianSeconds", traffic.median / .seconds(1), &writer)
    write("p99Seconds", traffic.p99 / .seconds(1), &writer)
    writer.endObject()
  }

  private func write(_ worker: ServerInfo.Worker, _ writer: inout JSONWriter) {
    let (inputs, busy) = rates(worker)
    writer.beginObject()
    writer.member("address", worker.address)
    writer.member("model", worker.model)
    writer.member("state", worker.state)
    write("inputsPerSecond", inputs, &writer)
    write("busy", busy, &writer)
    write("backlogSeconds", worker.backlog / .seconds(1), &writer)
    writer.member("openPieces", worker.openPieces)
    write("slowness", worker.slowness, &writer)
    writer.member("restarts", worker.restarts)
    writer.endObject()
  }

  private func write(_ key: String, _ number: Double, _ writer: inout JSONWriter) {
    writer.key(key)
    writer.number(number)
  }

  private var modelRows: [[String]] {
    let heads = [
      "model", "calls/s", "inputs/s", "open", "waiting", "backlog", "median", "p99", "failed/s",
      "shared/s", "resent/s",
    ]
    return [heads]
      + now.information.traffic.map { traffic in
        let rates = rates(traffic)
        return [
          shown(traffic.model), rate(rates.calls), rate(rates.inputs), "\(traffic.openCalls)",
          "\(traffic.waitingInputs)", NumberText.duration(traffic.backlog),
          traffic.median > .zero ? NumberText.duration(traffic.median) : "–",
          traffic.p99 > .zero ? NumberText.duration(traffic.p99) : "–",
          rate(rates.failures), rate(rates.shared), rate(rates.retried),
        ]
      }
  }

  private var workerRows: [[String]] {
    let heads = [
      "worker", "model", "state", "inputs/s", "busy", "backlog", "pieces", "slowness", "restarts",
      "pid",
    ]
    return [heads]
      + now.information.workers.map { worker in
        let (inputs, busy) = rates(worker)
        return [
          shown(worker.address), shown(worker.model), shown(worker.state), rate(inputs),
          before == nil ? "–" : "\(Int((busy * 100).rounded())) %",
          NumberText.duration(worker.backlog), "\(worker.openPieces)",
          worker.slowness > 0 ? fixed(worker.slowness) : "–", "\(worker.restarts)",
          worker.processID == 0 ? "–" : "\(worker.processID)",
        ]
      }
  }

  private func rates(_ traffic: ServerInfo.Traffic) -> Rates {
    guard seconds > 0,
      let old = before?.information.traffic.first(where: { $0.model == traffic.model })
    else { return Rates() }
    func rate(_ count: KeyPath<ServerInfo.Traffic, UInt64>) -> Double {
      let (new, old) = (traffic[keyPath: count], old[keyPath: count])
      // A coordinator that was started anew counts from 0.
      return new >= old ? Double(new - old) / seconds : 0
    }
    return Rates(
      calls: rate(\.answeredCalls), inputs: rate(\.answeredInputs),
      failures: rate(\.failedCalls), shared: rate(\.sharedInputs) + rate(\.cachedInputs),
      retried: rate(\.retriedPieces) + rate(\.hedgedPieces))
  }

  private func rates(_ worker: ServerInfo.Worker) -> (inputs: Double, busy: Double) {
    guard seconds > 0,
      let old = before?.information.workers.first(where: { $0.address == worker.address }),
      worker.answeredInputs >= old.answeredInputs, worker.compute >= old.compute
    else { return (0, 0) }
    return (
      Double(worker.answeredInputs - old.answeredInputs) / seconds,
      (worker.compute - old.compute) / .seconds(seconds)
    )
  }

  private func rate(_ number: Double) -> String { before == nil ? "–" : fixed(number) }

  private func fixed(_ number: Double) -> String {
    if number >= 100 { return NumberText.grouped(Int(min(number.rounded(), 1e15))) }
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private func shown(_ text: String) -> String { TerminalText.escaped(text, columnsMax: 40) }

  /// Columns as wide as they need; the first is flush left, numbers are flush right.
  private func table(_ rows: [[String]]) -> [String] {
    guard let count = rows.first?.count else { return [] }
    let widths = (0..<count).map { column in
      rows.map { TerminalText.columns(of: $0[column]) }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - TerminalText.columns(of: cell))
        return isText(rows, column) ? cell + gap : gap + cell
      }.joined(separator: "  ")
    }
  }

  private func isText(_ rows: [[String]], _ column: Int) -> Bool {
    ["model", "worker", "state"].contains(rows[0][column])
  }
}
