/// A model to serve with workers of our own.
package struct ModelSpecification: Sendable, Hashable {
  package var name: String
  package var directory: String
  package var replicas: Int
  /// Flags for its workers.
  package var arguments: [String]

  package init(name: String, directory: String, replicas: Int, arguments: [String] = []) {
    self.arguments = arguments
    self.name = name
    self.directory = directory
    self.replicas = replicas
  }
}

/// A worker that somebody else runs.
package struct WorkerAddress: Sendable, Hashable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a coordinator serves and how.
package struct CoordinatorConfiguration: Sendable {
  package var listenHost: String
  /// 0 lets the system choose.
  package var listenPort: Int
  package var models: [ModelSpecification]
  package var remoteWorkers: [WorkerAddress]
  /// Path of `millpond-worker`.
  package var workerBinary: String
  /// Flags for every worker of our own.
  package var workerArguments: [String]
  /// Compute threads of each worker of our own; nil divides the usable processors among them.
  package var threadsPerWorker: Int?
  package var fanOut: FanOutConfiguration
  package var admission: AdmissionConfiguration

  package init(
    listenHost: String, listenPort: Int, models: [ModelSpecification],
    remoteWorkers: [WorkerAddress], workerBinary: String, workerArguments: [String] = [],
    threadsPerWorker: Int? = nil, fanOut: FanOutConfiguration = .defaults,
    admission: AdmissionConfiguration = .defaults
  ) {
    self.listenHost = listenHost
    self.listenPort = listenPort
    self.models = models
    self.remoteWorkers = remoteWorkers
    self.workerBinary = workerBinary
    self.workerArguments = workerArguments
    self.threadsPerWorker = threadsPerWorker
    self.fanOut = fanOut
    self.admission = admission
  }
}

/// How a call is cut into pieces.
package struct FanOutConfiguration: Sendable, Hashable {
  /// Predicted time of the smallest piece worth sending …
  package var pieceMin: Duration
  /// … and at least this multiple of what a batch costs a worker whatever is in it.
  package var pieceBatches: Int
  /// Predicted time of the largest piece.
  package var pieceMax: Duration
  /// Pieces of one call that one worker holds at once.
  package var outstandingPerWorker: Int
  /// A worker with more predicted work than this gets nothing new: pieces wait here, where any
  /// worker can still take them.
  package var workerBacklogMax: Duration
  /// Workers that may be lost under one piece before its inputs fail.
  package var lossesMax: Int
  /// A piece is late after this multiple of its predicted time …
  package var lateFactor: Int
  /// … and at least this long.
  package var lateMin: Duration

  /// Pieces of 5–40 ms and at least four times a batch's fixed cost, two a worker, none to a worker
  /// with over 500 ms before it, five losses, late after eight times the prediction and 1 s.
  package static var defaults: FanOutConfiguration {
    FanOutConfiguration(
      pieceMin: .milliseconds(5), pieceBatches: 4, pieceMax: .milliseconds(40),
      outstandingPerWorker: 2,
      workerBacklogMax: .milliseconds(500), lossesMax: 5, lateFactor: 8, lateMin: .seconds(1))
  }

  package init(
    pieceMin: Duration, pieceBatches: Int, pieceMax: Duration, outstandingPerWorker: Int,
    workerBacklogMax: Duration, lossesMax: Int,
    lateFactor: Int, lateMin: Duration
  ) {
    self.pieceMin = pieceMin
    self.pieceBatches = pieceBatches
    self.pieceMax = pieceMax
    self.outstandingPerWorker = outstandingPerWorker
    self.workerBacklogMax = workerBacklogMax
    self.lossesMax = lossesMax
    self.lateFactor = lateFactor
    self.lateMin = lateMin
  }

  /// The same with pieces that suit workers whose batches cost so much whatever is in them.
  func adapted(batchNanoseconds: UInt64) -> FanOutConfiguration {
    var adapted = self
    let least = Duration.nanoseconds(Int64(clamping: batchNanoseconds)) * pieceBatches
    adapted.pieceMin = min(max(pieceMin, least), pieceMax)
    return adapted
  }
}

/// What a coordinator takes on at most. A call that does not fit is refused whole.
package struct AdmissionConfiguration: Sendable, Hashable {
  /// Calls open at once, over all connections.
  package var callsMax: Int
  /// Request bytes of all open calls.
  package var bytesMax: Int
  /// Predicted time until a new call would begin; not applied to a model that is idle.
  package var backlogMax: Duration
  /// How long a call without a deadline waits while no worker of its model is up.
  package var noWorkerWait: Duration

  /// 16,384 calls, 1 GiB, 60 s of backlog, 30 s for a worker.
  package static var defaults: AdmissionConfiguration {
    AdmissionConfiguration(
      callsMax: 16_384, bytesMax: 1 << 30, backlogMax: .seconds(60), noWorkerWait: .seconds(30))
  }

  package init(callsMax: Int, bytesMax: Int, backlogMax: Duration, noWorkerWait: Duration) {
    self.callsMax = callsMax
    self.bytesMax = bytesMax
    self.backlogMax = backlogMax
    self.noWorkerWait = noWorkerWait
  }
}

extension Duration {
  /// Whole nanoseconds; clamped to what fits.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000
  }
}
