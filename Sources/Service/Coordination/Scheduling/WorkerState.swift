package import Wire

/// A worker's life as the coordinator sees it.
package enum WorkerPhase: String, Sendable {
  /// Its process starts, or its connection is being made.
  case starting
  case ready
  /// It said go-away, or was told to end: what it has is answered, nothing new is sent.
  case draining
  case down
}

/// What is known of one worker, and what it has in hand.
package struct WorkerState: Sendable {
  private static let slownessMax = 50.0
  /// Nanoseconds without an answer in which three quarters of what its slowness was are forgotten:
  /// half in four tenths of it.
  private static let slownessMemory = 25e9

  package internal(set) var phase = WorkerPhase.starting
  /// Its fingerprint, as the scheduler numbers them.
  package internal(set) var fingerprint = -1
  package internal(set) var threads = 1
  package internal(set) var load: LoadReport?
  /// What it needs of the model's predicted time.
  package internal(set) var slowness = 1.0
  package internal(set) var pieces: [Piece.ID] = []
  package internal(set) var answeredPieces: UInt64 = 0
  package internal(set) var answeredInputs: UInt64 = 0
  /// When it last showed how slow it is.
  var lastObserved: Int64 = 0
  package internal(set) var computeNanoseconds: UInt64 = 0
  package internal(set) var ejection = Ejection()
  /// Predicted nanoseconds of one of the model's threads for the pieces that it has, by class.
  package internal(set) var inFlight: (interactive: Int64, bulk: Int64) = (0, 0)
  /// What others sent it, from its last report: nanoseconds of one of its threads.
  var foreign: Int64 = 0
  var readySince: Int64 = 0
  /// Pieces that are late there: while others can take them it gets nothing new.
  package internal(set) var latePieces = 0
  /// Nothing was heard of it since a piece was late there.
  package internal(set) var isSilent = false
  /// It has a piece that must be alone.
  package internal(set) var isReserved = false
  /// How often it has refused in a row.
  var refusals = 0
  /// It refused for the load: nothing new until then.
  package internal(set) var blockedUntil: Int64 = .min
  /// What it may still compute though nobody waits for it.
  var strays = Strays()

  /// Predicted nanoseconds until it would begin something new of the class.
  package func backlog(_ priority: Priority) -> Int64 {
    let own =
      priority.isBulk
      ? inFlight.interactive.addingSaturating(inFlight.bulk) : inFlight.interactive
    return Int64(bounded: (Double(own) * slowness + Double(foreign)) / Double(threads))
  }

  /// Predicted nanoseconds from now to the answer of a piece of that cost.
  func finish(_ cost: Int64, _ priority: Priority) -> Int64 {
    backlog(priority) + Int64(bounded: Double(cost) * slowness)
  }

  /// The same where workers are compared. One that has had nothing for a while looks better than it
  /// was, so that it is tried again before long (as of Finagle's peak EWMA).
  func hopedFinish(_ cost: Int64, _ priority: Priority, now: Int64) -> Int64 {
    guard pieces.isEmpty else { return finish(cost, priority) }
    let left = 1 - forgotten(now: now)
    return backlog(priority) + Int64(bounded: Double(cost) * slowness * left)
  }

  /// How much of what was known of its slowness has no weight any more: 0…1.
  private func forgotten(now: Int64) -> Double {
    let time = now - lastObserved
    // Most often nothing: what is under a hundredth is not worth its division.
    guard time > 100_000_000 else { return 0 }
    let age = Double(time) / Self.slownessMemory
    return 1 - 1 / ((1 + age) * (1 + age))
  }

  /// It starts, and has never been up: what it will answer as is not known.
  package var isUnknown: Bool { phase == .starting && fingerprint < 0 }

  /// Whether it may be expected to answer.
  package func isSound(now: Int64) -> Bool {
    latePieces == 0 && !isSilent && !ejection.isEjected(now: now)
  }

  mutating func sent(_ id: Piece.ID, _ cost: Int64, _ priority: Priority, isAlone: Bool) {
    pieces.append(id)
    switch priority {
    case .interactive: inFlight.interactive = inFlight.interactive.addingSaturating(cost)
    case .bulk: inFlight.bulk = inFlight.bulk.addingSaturating(cost)
    }
    if isAlone { isReserved = true }
  }

  mutating func ended(_ id: Piece.ID, _ piece: Piece, wasLate: Bool) {
    guard let index = pieces.firstIndex(of: id) else { return }
    pieces.swapAt(index, pieces.count - 1)
    pieces.removeLast()
    switch piece.priority {
    case .interactive: inFlight.interactive -= piece.cost
    case .bulk: inFlight.bulk -= piece.cost
    }
    if piece.isAlone { isReserved = false }
    if wasLate { latePieces -= 1 }
    if pieces.isEmpty { inFlight = (0, 0) }
  }

  /// Takes in what it says of itself: what exceeds the pieces that we know of is others'.
  mutating func reported(_ report: LoadReport) {
    load = report
    isSilent = false
    threads = min(max(1, report.threads), 1_024)
    let microseconds = min(report.backlogMicroseconds, 3_600_000_000)
    let own = (Double(inFlight.interactive) + Double(inFlight.bulk)) * slowness
    foreign = max(0, Int64(Double(microseconds) * 1_000) - Int64(bounded: own))
    if microseconds == 0 { strays.workerIsIdle() }
  }

  /// Moves the slowness towards what an answered piece shows.
  mutating func observed(predicted: Int64, actual: Int64, now: Int64) {
    guard predicted > 0, actual > 0 else { return }
    let ratio = min(max(Double(actual) / Double(predicted), 0.02), Self.slownessMax)
    let weight = max(0.1, 1 / Double(min(answeredPieces, 1_000) + 1), forgotten(now: now))
    slowness += (ratio - slowness) * weight
    lastObserved = now
  }

  /// It may be another process than before: what it showed is a guess at most.
  mutating func startedAnew() {
    slowness = 1
    lastObserved = .min / 2
  }

  /// A late piece was answered by another worker or given up, so that it shows nothing but this.
  mutating func lateUnanswered(now: Int64) {
    slowness = min(slowness * 2, Self.slownessMax)
    lastObserved = now
  }
}

/// Whether a worker may still compute pieces that are waited for no longer: what was taken back, or
/// was lost with a connection. While it may, its death is not the fault of what it has.
struct Strays: Sendable {
  private var since: Int64?
  /// It answered what was sent after them, so that it has read that they are taken back.
  private var isPassed = false

  var mayExist: Bool { since != nil }

  mutating func left(now: Int64) {
    since = now
    isPassed = false
  }

  /// - Parameter sent: when the piece was sent.
  mutating func answered(sent: Int64) {
    if let since, sent > since { isPassed = true }
  }

  mutating func workerIsIdle() {
    if isPassed { self = Strays() }
  }

  mutating func workerDied() {
    self = Strays()
  }
}
