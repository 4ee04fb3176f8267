internal import Wire

/// What a server says of itself.
public struct ServerInfo: Sendable, Hashable {
  /// A served model.
  public struct Model: Sendable, Hashable {
    public var name: String
    public var fingerprint: String
    public var architecture: String
    /// "embed" or "classify".
    public var task: String
    /// "cosine", "cross-encoder" or "none".
    public var score: String
    public var maxTokens: Int
    /// 0 on a classifier.
    public var dimensions: Int
    public var labels: [String]
    public var prompts: [String]
    public var precision: String
    public var instructionSet: String
    public var blasCore: String
    public var threads: Int
    public var parameters: Int
  }

  /// A worker as its coordinator sees it.
  public struct Worker: Sendable, Hashable {
    public var address: String
    public var model: String
    /// "starting", "warming", "ready", "draining" or "down".
    public var state: String
    /// 0 when the process is not the coordinator's.
    public var processID: Int
    public var restarts: Int
    public var openPieces: Int
    /// Predicted compute time of everything queued and running.
    public var backlog: Duration
  }

  /// "worker" or "coordinator".
  public var role: String
  public var version: String
  public var models: [Model]
  public var workers: [Worker]
  public var residentBytes: UInt64
  public var uptime: Duration

  init(_ wire: InfoResponse) {
    role = wire.role
    version = wire.version
    models = wire.models.map(Model.init)
    workers = wire.workers.map(Worker.init)
    residentBytes = wire.residentBytes
    uptime = .milliseconds(Int64(clamping: wire.uptimeMilliseconds))
  }
}

extension ServerInfo.Model {
  init(_ wire: ModelInfo) {
    name = wire.name
    fingerprint = wire.fingerprint
    architecture = wire.architecture
    task = wire.task
    score = wire.score
    maxTokens = wire.maxTokens
    dimensions = wire.dimensions
    labels = wire.labels
    prompts = wire.prompts
    precision = wire.precision
    instructionSet = wire.instructionSet
    blasCore = wire.blasCore
    threads = wire.threads
    parameters = wire.parameters
  }
}

extension ServerInfo.Worker {
  init(_ wire: WorkerInfo) {
    address = wire.address
    model = wire.model
    state = wire.state
    processID = wire.processID
    restarts = wire.restarts
    openPieces = wire.openPieces
    backlog = .microseconds(Int64(clamping: wire.load?.backlogMicroseconds ?? 0))
  }
}

/// Whether a server works: three questions with three answers.
public struct ServerHealth: Sendable, Hashable {
  /// Workers of one model.
  public struct Model: Sendable, Hashable {
    public var name: String
    public var workersReady: Int
    public var workersKnown: Int
  }

  /// The process answers.
  public var isLive: Bool
  /// Every model has a worker that takes calls.
  public var isReady: Bool
  /// No compute thread has been stuck in a step for longer than the limit.
  public var isProgressing: Bool
  public var models: [Model]

  init(_ wire: HealthResponse) {
    isLive = wire.isLive
    isReady = wire.isReady
    isProgressing = wire.isProgressing
    models = wire.models.map {
      Model(name: $0.name, workersReady: $0.workersReady, workersKnown: $0.workersKnown)
    }
  }
}
