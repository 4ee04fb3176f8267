internal import Wire

/// What a server says of itself.
public struct ServerInfo: Sendable, Hashable {
  /// A served model.
  public struct Model: Sendable, Hashable {
    /// As calls name it.
    public var name: String
    /// `<model>-<numerics>`: changes exactly when results may change.
    public var fingerprint: String
    /// The class that config.json names.
    public var architecture: String
    /// "embed", "classify", "token-embed" or "token-classify".
    public var task: String
    /// "cosine", "cross-encoder", "late-interaction", "sparse" or "none".
    public var score: String
    /// Longest input in tokens, special ones included.
    public var maxTokens: Int
    /// 0 on a classifier, and on a model without vectors.
    public var dimensions: Int
    /// In label-id order; empty on an embedding model.
    public var labels: [String]
    /// Names of the prompts that the model has.
    public var prompts: [String]
    /// Number type that it computes in: "f32".
    public var precision: String
    /// Of the row kernels: "avx512".
    public var instructionSet: String
    /// Of the matrix products: "SkylakeX".
    public var blasCore: String
    /// Compute threads of a worker.
    public var threads: Int
    /// Numbers in the weights.
    public var parameters: Int
    /// What Embed can be asked for: "vector", "tokens" and "sparse", the model's own first; empty
    /// on a classifier.
    public var outputs: [String]
    /// The lengths that vectors may be cut to, beside their own; empty where any may be.
    public var allowedDimensions: [Int]
    /// The prompt of a call that names none.
    public var defaultPrompt: String?
  }

  /// A worker as its coordinator sees it.
  public struct Worker: Sendable, Hashable {
    /// `HOST:PORT`.
    public var address: String
    /// The model that it serves.
    public var model: String
    /// "starting", "warming", "ready", "draining" or "down".
    public var state: String
    /// 0 when the process is not the coordinator's.
    public var processID: Int
    /// Times that its process was started again.
    public var restarts: Int
    /// Pieces that it was sent and has not answered.
    public var openPieces: Int
    /// Predicted time until it would begin something new.
    public var backlog: Duration
    /// Of what it computes; empty until it has said.
    public var fingerprint: String
    /// Inputs that it answered since the coordinator knows it.
    public var answeredInputs: UInt64
    /// Compute time of those.
    public var compute: Duration
    /// What it needs of the model's predicted time: 2 is half as fast; 0 is not known.
    public var slowness: Double
  }

  /// What a coordinator did for one model since it started, and has in hand.
  public struct Traffic: Sendable, Hashable {
    /// As calls name it.
    public var model: String
    /// What new calls are sent to; empty while that may be one of several.
    public var fingerprint: String
    /// Calls that are not answered.
    public var openCalls: Int
    /// Inputs of open calls that no worker has.
    public var waitingInputs: Int
    /// Predicted time until a new call would begin.
    public var backlog: Duration
    /// Calls that were answered.
    public var answeredCalls: UInt64
    /// Inputs of those.
    public var answeredInputs: UInt64
    /// Calls that were refused or failed for a reason that has a name.
    public var refusedCalls: UInt64
    /// Calls that were not answered, for whatever reason.
    public var failedCalls: UInt64
    /// Pieces that were lost or refused and sent again.
    public var retriedPieces: UInt64
    /// Pieces that were late and sent to a second worker.
    public var hedgedPieces: UInt64
    /// Inputs and calls answered with an equal one that was open.
    public var sharedInputs: UInt64
    /// Inputs answered from the result cache.
    public var cachedInputs: UInt64
    /// Half of the calls of the last ten seconds took no longer.
    public var median: Duration
    /// 99 of 100 of them took no longer.
    public var p99: Duration
  }

  /// "worker" or "coordinator".
  public var role: String
  /// The server's version.
  public var version: String
  /// By name.
  public var models: [Model]
  /// Of a coordinator; a worker lists none.
  public var workers: [Worker]
  /// Of a coordinator, by model.
  public var traffic: [Traffic]
  /// Of the server's process, mapped weights included.
  public var residentBytes: UInt64
  /// Since the process served.
  public var uptime: Duration

  init(_ wire: InfoResponse) {
    role = wire.role
    version = wire.version
    models = wire.models.map(Model.init)
    workers = wire.workers.map(Worker.init)
    traffic = wire.traffic.map(Traffic.init)
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
    outputs = wire.outputs
    allowedDimensions = wire.allowedDimensions
    defaultPrompt = wire.defaultPrompt.isEmpty ? nil : wire.defaultPrompt
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
    backlog = .microseconds(Int64(clamping: wire.backlogMicroseconds))
    fingerprint = wire.fingerprint
    answeredInputs = wire.answeredInputs
    compute = .microseconds(Int64(clamping: wire.computeMicroseconds))
    slowness = wire.slowness
  }
}

extension ServerInfo.Traffic {
  init(_ wire: ModelTraffic) {
    model = wire.model
    fingerprint = wire.fingerprint
    openCalls = wire.openCalls
    waitingInputs = wire.waitingInputs
    backlog = .microseconds(Int64(clamping: wire.backlogMicroseconds))
    answeredCalls = wire.answeredCalls
    answeredInputs = wire.answeredInputs
    refusedCalls = wire.refusedCalls
    failedCalls = wire.failedCalls
    retriedPieces = wire.retriedPieces
    hedgedPieces = wire.hedgedPieces
    sharedInputs = wire.sharedInputs
    cachedInputs = wire.cachedInputs
    median = .microseconds(Int64(clamping: wire.medianMicroseconds))
    p99 = .microseconds(Int64(clamping: wire.p99Microseconds))
  }
}

/// Whether a server works: three questions with three answers.
public struct ServerHealth: Sendable, Hashable {
  /// Workers of one model.
  public struct Model: Sendable, Hashable {
    /// As calls name it.
    public var name: String
    /// Workers that take calls.
    public var workersReady: Int
    /// Workers that there should be.
    public var workersKnown: Int
  }

  /// The process answers.
  public var isLive: Bool
  /// Every model has a worker that takes calls.
  public var isReady: Bool
  /// No compute thread has been stuck in a step for longer than the limit.
  public var isProgressing: Bool
  /// By name.
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
