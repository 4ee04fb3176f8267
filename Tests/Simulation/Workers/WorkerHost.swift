internal import Coordination
internal import Wire

/// A worker's process, the link to it, and what the coordinator thinks of both.
struct WorkerHost {
  /// What travels on the link.
  enum Message {
    case request(SimulatedEngine.Job)
    case cancel(wire: Int)
    case answer(SimulatedEngine.Job, fingerprint: String, LoadReport)
    case refusal(wire: Int, Status, LoadReport)
    case report(LoadReport)
    case ready(fingerprint: String)
    case goAway(lastRead: Int)
    case closed
  }

  /// One direction of the link: in order, and held up while it is blocked.
  struct Lane {
    var isBlocked = false
    var held: [(connection: Int, message: Message)] = []
    var last: Int64 = 0
  }

  let profile: WorkerProfile
  /// Its id with the scheduler; nil once it was removed.
  var id: Scheduler.WorkerID?
  /// Nil while its process is down.
  var engine: SimulatedEngine?
  var fingerprint: String
  /// Counts processes, so that what was to happen to an old one does not.
  var incarnation = 0
  /// Counts connections in the same way.
  var connection = 0
  /// Whether the coordinator has the connection.
  var isConnected = false
  /// Whether the coordinator knows that it goes.
  var isLeaving = false
  /// The coordinator is not told that the connection is gone until there is another.
  var isUntold = false
  var isDraining = false
  /// When it died it had something that nobody waited for.
  var diedOfOthers = false
  /// Answers that were on their way when it died are lost with it.
  var losesAnswers = false
  var isFrozen = false
  var frozen: [Simulation.Event] = []
  var to = Lane()
  var from = Lane()
  var behaviour = Fault.Behaviour.normal
  var lastRead = 0
  var wakeAt: Int64?
  /// Pieces that the coordinator has sent and not heard of, by wire number.
  var flights: Set<Int> = []
  var lastComputed: Int64 = 0
  /// Answers that are on their way, by wire number.
  var answering: [Int: [SimulatedText]] = [:]
  var restart: (after: Int64, fingerprint: String?)?

  init(_ profile: WorkerProfile) {
    self.profile = profile
    fingerprint = profile.fingerprint
  }
}

extension WorkerHost.Message {
  func isRequest(_ wire: Int) -> Bool {
    if case .request(let job) = self { job.wire == wire } else { false }
  }
}
