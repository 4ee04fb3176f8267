package import Coordination
internal import DequeModule
package import Wire

/// A worker's engine with its queue, as the real one's `BatchQueue` behaves: interactive work before
/// bulk, batches of one class, a bulk batch that pauses for interactive work, expired work dropped
/// before it is computed, a bounded queue.
package struct SimulatedEngine: Sendable {
  /// A piece as the worker got it.
  package struct Job: Sendable {
    package var wire: Int
    package var connection: Int
    package var priority: Priority
    package var deadline: Int64
    package var inputs: [SimulatedText]
    /// Whether it is another coordinator's.
    var isForeign = false
    var taken = 0
    var unfinished = 0
    var compute: Int64 = 0
    /// Inputs from here on expired.
    var expiredFrom: Int?

    package init(
      wire: Int, connection: Int, priority: Priority, deadline: Int64, inputs: [SimulatedText],
      isForeign: Bool = false
    ) {
      self.wire = wire
      self.connection = connection
      self.priority = priority
      self.deadline = deadline
      self.inputs = inputs
      self.isForeign = isForeign
      unfinished = inputs.count
    }
  }

  private struct Part: Sendable {
    var wire: Int
    var inputs: ArraySlice<SimulatedText>
    var cost: Int64
    var isForeign: Bool
  }

  private struct Batch: Sendable {
    var priority: Priority
    var parts: [Part]
    var end: Int64
    /// What is left of it when it pauses at `end`; nil if it ends there.
    var left: Int64?
    var isPoisoned: Bool
    var cost: Int64
  }

  private struct Thread: Sendable {
    var running: Batch?
    var paused: Batch?
  }

  /// What came of the time that has passed.
  package struct Progress: Sendable {
    package var done: [Job] = []
    /// It computed poison.
    package var died = false
  }

  package var profile: WorkerProfile
  /// Times what it needs now.
  package var slowdown = 1.0
  private var jobs: [Int: Job] = [:]
  private var lines: [Deque<Int>] = [[], []]
  private var threads: [Thread]
  private var queued: Int64 = 0
  private var lastBulk: Int64 = 0
  private let truth: ComputeTruth
  /// Nanoseconds that its threads have computed.
  package private(set) var computed: Int64 = 0

  package init(_ profile: WorkerProfile, truth: ComputeTruth) {
    self.profile = profile
    self.truth = truth
    threads = Array(repeating: Thread(), count: profile.threads)
  }

  /// When something of it ends next.
  package var nextTime: Int64? { threads.lazy.compactMap { $0.running?.end }.min() }

  /// What it computes though it was taken back.
  package var strayInputs: [SimulatedText] {
    threads.flatMap { thread in
      [thread.running, thread.paused].compactMap { $0 }.flatMap(\.parts)
        .filter { jobs[$0.wire] == nil && !$0.isForeign }.flatMap(\.inputs)
    }
  }

  /// What it has in hand, of whatever connection.
  package var inHand: [Job] { jobs.values.sorted { $0.wire < $1.wire } }

  package var isIdle: Bool { jobs.isEmpty && threads.allSatisfy { $0.running == nil } }

  private var slowness: Double { slowdown / profile.speed }

  /// Takes a piece, or refuses it.
  package mutating func receive(_ job: Job, now: Int64) -> Status? {
    if job.deadline <= now { return Status(.deadlineExceeded, "expired") }
    let wait = Int64(Double(queued) * slowness) / Int64(profile.threads)
    if wait >= profile.waitMax {
      return .overloaded("full", retryAfter: max(1_000_000, wait - profile.waitMax / 2))
    }
    jobs[job.wire] = job
    lines[job.priority.place].append(job.wire)
    queued += job.inputs.reduce(0) { $0 + $1.cost }
    if job.priority == .interactive { pauseBulk(now: now) }
    return nil
  }

  package mutating func cancel(_ wire: Int) {
    guard let job = jobs.removeValue(forKey: wire) else { return }
    queued -= job.inputs[job.taken...].reduce(0) { $0 + $1.cost }
  }

  /// Nobody waits for what came by earlier connections.
  package mutating func cancelAll(before connection: Int) {
    for job in inHand where !job.isForeign && job.connection < connection { cancel(job.wire) }
  }

  /// Bulk batches pause between layers, of which there are six.
  private mutating func pauseBulk(now: Int64) {
    guard !threads.contains(where: { $0.running == nil }),
      let index = threads.firstIndex(where: {
        $0.running?.priority == .bulk && $0.running?.left == nil && $0.paused == nil
      }), let batch = threads[index].running
    else { return }
    let pause = now + batch.cost / 12
    guard pause < batch.end else { return }
    threads[index].running?.left = batch.end - pause
    threads[index].running?.end = pause
  }

  package mutating func advance(to now: Int64, _ random: inout SplitMix64) -> Progress {
    var progress = Progress()
    for index in threads.indices {
      guard let batch = threads[index].running, batch.end <= now else { continue }
      threads[index].running = nil
      if batch.left != nil {
        threads[index].paused = batch
      } else {
        finish(batch, &progress)
        if progress.died { return progress }
      }
    }
    expire(now: now, &progress)
    for index in threads.indices where threads[index].running == nil {
      if let batch = nextBatch(on: index, now: now, &random) { threads[index].running = batch }
    }
    return progress
  }

  private mutating func finish(_ batch: Batch, _ progress: inout Progress) {
    computed += batch.cost
    if batch.isPoisoned {
      progress.died = true
      return
    }
    let whole = max(1, batch.parts.reduce(0) { $0 + $1.cost })
    for part in batch.parts {
      guard var job = jobs[part.wire] else { continue }
      job.unfinished -= part.inputs.count
      job.compute += Int64(Double(batch.cost) * Double(part.cost) / Double(whole))
      jobs[part.wire] = job
      endIfDone(job, &progress)
    }
  }

  private mutating func endIfDone(_ job: Job, _ progress: inout Progress) {
    guard job.unfinished == 0 else { return }
    jobs[job.wire] = nil
    progress.done.append(job)
  }

  /// Inputs that are not begun at the deadline are answered as expired.
  private mutating func expire(now: Int64, _ progress: inout Progress) {
    for line in lines {
      for wire in line {
        guard var job = jobs[wire], job.deadline <= now, job.taken < job.inputs.count else {
          continue
        }
        queued -= job.inputs[job.taken...].reduce(0) { $0 + $1.cost }
        job.unfinished -= job.inputs.count - job.taken
        job.expiredFrom = job.taken
        job.taken = job.inputs.count
        jobs[wire] = job
        endIfDone(job, &progress)
      }
    }
  }

  private mutating func nextBatch(
    on thread: Int, now: Int64, _ random: inout SplitMix64
  ) -> Batch? {
    for line in lines.indices {
      while let wire = lines[line].first, isTaken(wire) { lines[line].removeFirst() }
    }
    let isBulkDue = now - lastBulk > profile.bulkPatience
    var line = lines[0].isEmpty ? 1 : 0
    if isBulkDue, !lines[1].isEmpty || threads[thread].paused != nil { line = 1 }
    if line == 1, let paused = threads[thread].paused, let left = paused.left {
      threads[thread].paused = nil
      lastBulk = now
      var batch = paused
      batch.left = nil
      batch.end = now + left
      return batch
    }
    guard !lines[line].isEmpty else { return nil }
    if line == 1 { lastBulk = now }
    return makeBatch(line, now: now, &random)
  }

  /// Nothing of it waits.
  private func isTaken(_ wire: Int) -> Bool {
    jobs[wire].map { $0.taken == $0.inputs.count } ?? true
  }

  private mutating func makeBatch(_ line: Int, now: Int64, _ random: inout SplitMix64) -> Batch {
    let share = queued / Int64(profile.threads)
    let target = min(profile.batchCost, max(300_000, share))
    var batch = Batch(
      priority: line == 0 ? .interactive : .bulk, parts: [], end: 0, isPoisoned: false, cost: 0)
    var cost: Int64 = 0
    var units = 0
    filling: for wire in lines[line] {
      guard var job = jobs[wire] else { continue }
      let first = job.taken
      var own: Int64 = 0
      while job.taken < job.inputs.count {
        let input = job.inputs[job.taken]
        if units > 0, cost + input.cost / 2 > target || units >= profile.batchUnitsMax { break }
        if input.kind == .poison { batch.isPoisoned = true }
        job.taken += 1
        units += 1
        own += input.cost
        cost += input.cost
      }
      if job.taken > first {
        let inputs = job.inputs[first..<job.taken]
        batch.parts.append(
          Part(wire: wire, inputs: inputs, cost: own, isForeign: job.isForeign))
      }
      let isFull = job.taken < job.inputs.count
      jobs[wire] = job
      if isFull { break filling }
    }
    queued -= cost
    let noise = 1 + profile.noise * random.between(-1, 1)
    batch.cost = max(1, Int64(Double(cost + profile.batchNanoseconds) * slowness * noise))
    batch.end = now + batch.cost
    return batch
  }

  /// What it says of itself.
  package func report(now: Int64, isDraining: Bool) -> LoadReport {
    let running = threads.reduce(Int64(0)) { sum, thread in
      sum + max(0, (thread.running?.end ?? now) - now) + (thread.running?.left ?? 0)
        + (thread.paused?.left ?? 0)
    }
    let backlog = Int64(Double(queued) * slowness) + running
    let tells = profile.tellsCosts
    return LoadReport(
      backlogMicroseconds: UInt64(max(0, backlog / 1_000)), queuedInputs: jobs.count,
      threads: profile.threads,
      tokenNanoseconds: tells ? UInt64(truth.tokenNanoseconds * slowness) : 0,
      tokenSquaredPicoseconds: tells ? UInt64(truth.squaredTokenNanoseconds * slowness * 1_000) : 0,
      tokensPerKilobyte: tells ? Int(truth.tokensPerByte * 1_000) : 0, isDraining: isDraining,
      batchNanoseconds: UInt64(Double(profile.batchNanoseconds) * slowness))
  }
}

extension Priority {
  var place: Int { self == .interactive ? 0 : 1 }
}
