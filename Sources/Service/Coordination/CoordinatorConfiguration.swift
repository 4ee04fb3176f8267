internal import CPlatform
package import Discovery

/// A model to serve with workers of our own.
package struct ModelSpecification: Sendable, Hashable {
  package var name: String
  package var directory: String
  /// Processes; nil is as many as suit the machine.
  package var replicas: Int?
  /// Flags for its workers.
  package var arguments: [String]

  package init(name: String, directory: String, replicas: Int?, arguments: [String] = []) {
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
  /// Where operators are listened to; nil is nowhere.
  package var adminAddress: WorkerAddress?
  /// Where live, ready and metrics are served; nil is nowhere.
  package var metricsAddress: WorkerAddress?
  /// Seconds from which a call is logged; nil is never.
  package var slowCall: Double?
  package var models: [ModelSpecification]
  /// Where workers that somebody else runs are found.
  package var workerSources: [AddressSource]
  /// Path of `millpond-worker`.
  package var workerBinary: String
  /// Flags for every worker of our own.
  package var workerArguments: [String]
  /// Compute threads of each worker of our own; nil divides the usable processors among them.
  package var threadsPerWorker: Int?
  package var scheduling: SchedulerConfiguration
  package var admission: AdmissionConfiguration

  package init(
    listenHost: String, listenPort: Int, adminAddress: WorkerAddress? = nil,
    metricsAddress: WorkerAddress? = nil, slowCall: Double? = nil,
    models: [ModelSpecification],
    workerSources: [AddressSource], workerBinary: String, workerArguments: [String] = [],
    threadsPerWorker: Int? = nil,
    scheduling: SchedulerConfiguration = SchedulerConfiguration(),
    admission: AdmissionConfiguration = .defaults
  ) {
    self.listenHost = listenHost
    self.listenPort = listenPort
    self.adminAddress = adminAddress
    self.metricsAddress = metricsAddress
    self.slowCall = slowCall
    self.models = models
    self.workerSources = workerSources
    self.workerBinary = workerBinary
    self.workerArguments = workerArguments
    self.threadsPerWorker = threadsPerWorker
    self.scheduling = scheduling
    self.admission = admission
  }
}

extension CoordinatorConfiguration {
  /// How the workers of a model are started, one for each.
  func launches(of name: String) -> [WorkerLaunch] {
    guard let model = models.first(where: { $0.name == name }) else { return [] }
    let plan = plan(of: model, on: .ofThisMachine)
    let launch = WorkerLaunch(
      binary: workerBinary, modelName: model.name, modelDirectory: model.directory,
      arguments: ["--threads", "\(plan.threads)"] + workerArguments + model.arguments)
    return Array(repeating: launch, count: plan.processes)
  }

  /// Processors are shared out evenly: among all workers where their counts are given, else among the
  /// models.
  package func plan(of model: ModelSpecification, on machine: MachineResources) -> ReplicaPlan {
    let counts = models.map(\.replicas)
    if let replicas = model.replicas, !counts.contains(nil) {
      let sum = counts.reduce(0) { $0 + ($1 ?? 0) }
      let threads = threadsPerWorker ?? max(1, machine.processors / max(1, sum))
      return ReplicaPlan(processes: replicas, threads: threads)
    }
    let share = max(1, machine.processors / models.count)
    if let replicas = model.replicas {
      return ReplicaPlan(
        processes: replicas, threads: threadsPerWorker ?? max(1, share / replicas))
    }
    return ReplicaPlan(
      processors: share, threads: threadsPerWorker,
      weightBytes: cp_bytes_of_files(model.directory, ".safetensors"), machine: machine)
  }

  /// Settings that differ and are not looked at again while calls are served.
  func settingsThatNeedRestart(from old: CoordinatorConfiguration) -> [String] {
    var names: [String] = []
    if (listenHost, listenPort) != (old.listenHost, old.listenPort) { names.append("listen") }
    if adminAddress != old.adminAddress { names.append("admin") }
    if metricsAddress != old.metricsAddress { names.append("metrics") }
    if slowCall != old.slowCall { names.append("slowCall") }
    if scheduling != old.scheduling || admission != old.admission { names.append("scheduling") }
    return names
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
