internal import Coordination
internal import Wire

/// What the scheduler itself takes of a processor, by the clock.
struct Costs {
  private static let now: Int64 = 10_000_000_000

  func run() -> Figures {
    var figures = Figures(
      name: "costs",
      text:
        "Time in the scheduler's code, from submission to the end: of one call of one text while "
        + "half of the workers have something to do, and of each text of a call of 10,000. Best of 5.",
      columns: ["ns a call", "the same with a deadline", "ns a text of a large call"],
      decimals: [0, 0, 0])
    var times: [Int: Double] = [:]
    for workers in [10, 100, 1_000] {
      let time = best { call(workers: workers, deadline: .max) }
      times[workers] = time
      figures.rows.append(
        Figures.Row(
          name: "\(workers) workers",
          values: [
            time, best { call(workers: workers, deadline: 3_600_000_000_000) },
            best { text(workers: workers) },
          ]))
    }
    let ratio = (times[1_000] ?? 0) / (times[10] ?? 1)
    figures.targets.append(
      ("1,000 workers over 10 at most 1.5 (\(ratio.text(decimals: 2)))", ratio <= 1.5))
    let tick = best { self.tick() } / 1e6
    figures.targets.append(
      (
        "a look at the time with 10,000 calls waiting at most 1 ms (\(tick.text(decimals: 2)) ms)",
        tick <= 1
      ))
    return figures
  }

  private func best(_ measure: () -> Double) -> Double {
    (0..<5).map { _ in measure() }.min() ?? 0
  }

  private func scheduler(workers: Int) -> Scheduler {
    var scheduler = Scheduler(seed: 1)
    let load = LoadReport(
      threads: 1, tokenNanoseconds: 50_000, tokenSquaredPicoseconds: 40_000,
      tokensPerKilobyte: 250)
    for _ in 0..<workers {
      let id = scheduler.addWorker()
      scheduler.workerReady(id, fingerprint: "f", threads: 1, maxTokens: 0, now: 0)
      scheduler.workerReported(id, load, now: 0)
    }
    return scheduler
  }

  private func call(workers: Int, deadline: Int64) -> Double {
    var scheduler = scheduler(workers: workers)
    var now = Self.now
    var open: [(piece: Scheduler.PieceID, worker: Int)] = []
    var position = 0
    let request = CallRequest(
      deadline: deadline, inputCount: 1, byteCount: 300, cost: scheduler.cost.cost(byteCount: 300))
    let calls = 100_000
    let start = ContinuousClock.now
    for _ in 0..<calls {
      now += 1_000
      _ = try? scheduler.submit(request, now: now)
      for case .send(let piece, let worker) in scheduler.takeActions() {
        open.append((piece, worker))
      }
      guard open.count - position > workers / 2 else { continue }
      let (piece, worker) = open[position]
      position += 1
      _ = scheduler.pieceAnswered(
        piece, by: worker, fingerprint: "f", computeNanoseconds: 4_000_000, now: now)
      _ = scheduler.takeActions()
    }
    return nanoseconds(since: start) / Double(calls)
  }

  private func text(workers: Int) -> Double {
    var scheduler = scheduler(workers: workers)
    let cost = scheduler.cost.cost(byteCount: 300)
    let texts = 10_000
    let request = CallRequest(
      priority: .bulk, inputCount: texts, byteCount: 300 * texts, cost: cost * Int64(texts),
      costs: Array(repeating: cost, count: texts))
    let start = ContinuousClock.now
    _ = try? scheduler.submit(request, now: Self.now)
    var now = Self.now
    var open: [Scheduler.Action] = scheduler.takeActions()
    var position = 0
    while position < open.count {
      if case .send(let piece, let worker) = open[position] {
        now += 1_000
        let compute = scheduler.piece(piece)?.cost ?? 1
        _ = scheduler.pieceAnswered(
          piece, by: worker, fingerprint: "f", computeNanoseconds: compute, now: now)
        open += scheduler.takeActions()
      }
      position += 1
    }
    return nanoseconds(since: start) / Double(texts)
  }

  private func tick() -> Double {
    var scheduler = scheduler(workers: 10)
    let request = CallRequest(
      deadline: 3_600_000_000_000, inputCount: 1, byteCount: 300,
      cost: scheduler.cost.cost(byteCount: 300))
    for _ in 0..<10_000 { _ = try? scheduler.submit(request, now: Self.now) }
    _ = scheduler.takeActions()
    let start = ContinuousClock.now
    for _ in 0..<10 { scheduler.checkTime(Self.now + 1) }
    return nanoseconds(since: start) / 10
  }

  private func nanoseconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
  }
}
