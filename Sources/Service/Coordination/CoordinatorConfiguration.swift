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
  package var scheduling: SchedulerConfiguration
  package var admission: AdmissionConfiguration

  package init(
    listenHost: String, listenPort: Int, models: [ModelSpecification],
    remoteWorkers: [WorkerAddress], workerBinary: String, workerArguments: [String] = [],
    threadsPerWorker: Int? = nil,
    scheduling: SchedulerConfiguration = SchedulerConfiguration(),
    admission: AdmissionConfiguration = .defaults
  ) {
    self.listenHost = listenHost
    self.listenPort = listenPort
    self.models = models
    self.remoteWorkers = remoteWorkers
    self.workerBinary = workerBinary
    self.workerArguments = workerArguments
    self.threadsPerWorker = threadsPerWorker
    self.scheduling = scheduling
    self.admission = admission
  }
}

/// What a coordinator takes on at most, over all models. A call that does not fit is refused whole.
package struct AdmissionConfiguration: Sendable, Hashable {
  /// Bytes of all open calls: requests, and answers as far as they have come.
  package var bytesMax: Int
  /// Bytes of finished answers that are kept for equal calls; 0 keeps none.
  package var cacheBytes: Int

  /// 1 GiB, and no answers kept.
  package static var defaults: AdmissionConfiguration {
    AdmissionConfiguration(bytesMax: 1 << 30, cacheBytes: 0)
  }

  package init(bytesMax: Int, cacheBytes: Int) {
    self.bytesMax = bytesMax
    self.cacheBytes = cacheBytes
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
