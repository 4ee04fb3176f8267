package import Coordination
internal import Wire

/// Drives a `Scheduler` as the coordinator does, against simulated workers, links, callers and
/// faults. One thread, no clock but its own: a seed always gives the same run.
package final class Simulation {
  enum Event {
    case submit(Int)
    case cancel(Int)
    case toWorker(Int, connection: Int, WorkerHost.Message)
    case toCoordinator(Int, connection: Int, WorkerHost.Message)
    case wake(Int, incarnation: Int)
    case report(Int, incarnation: Int)
    case start(Int, incarnation: Int)
    case connect(Int, connection: Int)
    case declareLost(Int, connection: Int)
    case fault(Int)
    case thaw(Int, incarnation: Int)
    case normalSpeed(Int, incarnation: Int)
    case heal(Int)
    case normalBehaviour(Int)
    case tick
  }

  /// A piece on its way or at a worker.
  struct Flight {
    var piece: Scheduler.PieceID
    var worker: Scheduler.WorkerID
    var host: Int
    var record: Int
    var inputs: [SimulatedText]
  }

  /// Nanoseconds after the last fault in which every call must have ended.
  private static let longest: Int64 = 600_000_000_000

  package let scenario: Scenario
  package internal(set) var now: Int64 = 0
  package internal(set) var scheduler: Scheduler
  package internal(set) var records: [CallRecord] = []
  /// The first thing that was wrong.
  package internal(set) var violation: String?
  package internal(set) var steps = 0
  /// Called when a call is over, with its record's number.
  package var callEnded: ((Simulation, Int) -> Void)?

  var random: SplitMix64
  var events = EventQueue<Event>()
  var hosts: [WorkerHost] = []
  var trace = Trace()
  var flights: [Int: Flight] = [:]
  var wires: [Scheduler.PieceID: [(worker: Scheduler.WorkerID, wire: Int)]] = [:]
  var nextWire = 1
  /// Open calls, by the places of the scheduler's.
  var relayed: [Int?] = []
  var hostOfWorker: [Scheduler.WorkerID: Int] = [:]
  var sharedCalls: [SharedCallKey: Scheduler.CallID] = [:]
  var sharedInputs: [SharedInputKey: UnitReference] = [:]
  var keptValues: Set<Value> = []
  var deathsAlone: [Int: Int] = [:]
  /// Records that are not over.
  var open: Set<Int> = []
  var pendingSubmits = 0
  /// Work that was asked for, for the budgets.
  var asked = 0
  /// When a worker was last up.
  var lastUp: Int64 = 0
  /// Of pieces that are late while another worker is idle, since when.
  var lateSince: [Scheduler.PieceID: Int64] = [:]
  var isActing = false
  /// The lossless total of compute at workers that are gone.
  var computedBefore: Int64 = 0

  /// - Parameter traced: how many of the last things that happened are told of.
  package init(_ scenario: Scenario, traced: Int = 80) {
    self.scenario = scenario
    trace.kept = traced
    random = SplitMix64(seed: scenario.seed)
    scheduler = Scheduler(configuration: scenario.configuration, seed: scenario.seed &+ 1)
    for profile in scenario.workers { add(profile) }
    for (time, plan) in scenario.calls { submit(plan, at: time) }
    for index in scenario.faults.indices {
      events.put(.fault(index), at: scenario.faults[index].time)
    }
    events.put(.tick, at: scenario.tickInterval)
  }

  /// Plans a call.
  package func submit(_ plan: CallPlan, at time: Int64) {
    records.append(CallRecord(plan: plan, arrival: time))
    pendingSubmits += 1
    events.put(.submit(records.count - 1), at: time)
  }

  /// Runs until every call is over and all is quiet, or until `end`, or until something is wrong.
  package func run(until end: Int64 = .max) {
    while violation == nil, let next = events.nextTime, next <= end, let event = events.next() {
      now = max(now, event.time)
      step(event.event)
      if isOver, end == .max { break }
      if now > lastFault + Self.longest { violated("calls \(open.sorted().prefix(5)) never end") }
    }
    if end == .max, violation == nil, scenario.isChecked { checkQuiet() }
  }

  /// Whether nothing is left to be waited for.
  var isOver: Bool { pendingSubmits == 0 && open.isEmpty && flights.isEmpty && lastFault < now }

  private var lastFault: Int64 {
    max(scenario.faults.last?.time ?? 0, scenario.calls.last?.time ?? 0)
  }

  /// Of each worker, when it last finished a piece.
  package var lastComputed: [Int64] { hosts.map(\.lastComputed) }

  /// Nanoseconds that all workers have computed.
  package var computed: Int64 {
    hosts.reduce(computedBefore) { $0 + ($1.engine?.computed ?? 0) }
  }

  package func violated(_ what: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = what()
  }

  private func step(_ event: Event) {
    steps += 1
    switch event {
    case .submit(let record): submitted(record)
    case .cancel(let record): cancel(record)
    case .toWorker(let host, let connection, let message):
      arrivedAtWorker(host, connection, message, event)
    case .toCoordinator(let host, let connection, let message):
      arrivedAtCoordinator(host, connection, message)
    case .wake(let host, let incarnation): wake(host, incarnation, event)
    case .report(let host, let incarnation): report(host, incarnation, event)
    case .start(let host, let incarnation): start(host, incarnation)
    case .connect(let host, let connection): connect(host, connection)
    case .declareLost(let host, let connection):
      if hosts[host].connection == connection { connectionLost(host, isDeath: false) }
    case .fault(let index): fault(scenario.faults[index].fault)
    case .thaw(let host, let incarnation): thaw(host, incarnation)
    case .normalSpeed(let host, let incarnation):
      if hosts[host].incarnation == incarnation { hosts[host].engine?.slowdown = 1 }
    case .heal(let host): heal(host)
    case .normalBehaviour(let host): hosts[host].behaviour = .normal
    case .tick:
      if !scheduler.ready.isEmpty { lastUp = now }
      scheduler.checkTime(now)
      act()
      events.put(.tick, at: now + scenario.tickInterval)
    }
    if scenario.isChecked, steps % scenario.checkInterval == 0 { checkStep() }
  }
}

extension Simulation {
  /// What was wrong, and what had happened before.
  package var report: String {
    "seed \(scenario.seed): \(violation ?? "nothing was wrong")\n\(trace.text)"
  }
}
