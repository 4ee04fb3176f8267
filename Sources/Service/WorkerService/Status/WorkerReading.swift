package import Inference
package import Status
internal import Wire

/// Everything that `/metrics` of a worker tells, at one moment. `Metrics.md` of `Status` has the
/// table.
package struct WorkerReading: Sendable {
  /// What is known once the model is loaded.
  package struct Engine: Sendable {
    package var info: EngineInfo
    package var load: Inference.LoadReport
    package var batches: BatchCounts
    /// How long the oldest step has lasted, nil where all threads are parked.
    package var step: Duration?

    package init(
      info: EngineInfo, load: Inference.LoadReport, batches: BatchCounts, step: Duration?
    ) {
      self.info = info
      self.load = load
      self.batches = batches
      self.step = step
    }
  }

  package var health: WorkerHealth
  package var counts: WorkerCounts
  package var engine: Engine?
  package var residentBytes: UInt64
  /// Since 1970.
  package var startSeconds: Double

  package init(
    health: WorkerHealth, counts: WorkerCounts, engine: Engine?, residentBytes: UInt64,
    startSeconds: Double
  ) {
    self.health = health
    self.counts = counts
    self.engine = engine
    self.residentBytes = residentBytes
    self.startSeconds = startSeconds
  }

  /// All of it as Prometheus reads it.
  package var text: PrometheusText {
    var text = PrometheusText()
    text.gauge(
      "millpond_worker_ready", "Whether calls are taken and computed.", health.isReady)
    text.gauge(
      "millpond_worker_progressing",
      "0 where a compute thread in a step has not moved for 2 s.", health.isProgressing)
    text.gauge(
      "millpond_worker_start_time_seconds", "When the process started, since 1970.",
      startSeconds)
    text.gauge(
      "millpond_worker_resident_bytes", "Resident memory, file mappings included.",
      residentBytes)
    guard let engine else { return text }
    write(engine, to: &text)
    counts.write(to: &text)
    return text
  }

  private func write(_ engine: Engine, to text: inout PrometheusText) {
    text.gauge(
      "millpond_worker_info", "What is served, in its labels.",
      labels: [
        ("model", engine.info.name), ("fingerprint", engine.info.fingerprint),
        ("precision", engine.info.precision), ("isa", engine.info.instructionSet),
        ("version", Version.current),
      ], 1)
    text.gauge("millpond_worker_threads", "Compute threads.", engine.load.threadCount)
    text.gauge(
      "millpond_worker_step_age_seconds",
      "How long the oldest step of a compute thread has lasted; 0: all are parked.",
      (engine.step ?? .zero).seconds)
    text.gauge(
      "millpond_worker_still_seconds",
      "How long the stillest compute thread in a step has not moved.",
      (health.stillness ?? .zero).seconds)
    write(engine.load, to: &text)
    write(engine.batches, to: &text)
  }

  private func write(_ load: Inference.LoadReport, to text: inout PrometheusText) {
    text.gauge(
      "millpond_worker_backlog_seconds",
      "Predicted time of one compute thread for all that is queued or runs.",
      Double(load.backlogNanoseconds) / 1e9)
    text.gauge(
      "millpond_worker_queued_inputs", "Inputs in the queue.", load.queuedInputs)
    text.gauge(
      "millpond_worker_queued_bytes",
      "Bytes held for calls that are not answered, with room for their results.",
      load.queuedBytes)
    text.gauge("millpond_worker_open_calls", "Calls that are not answered.", load.openCalls)
    text.gauge("millpond_worker_running_batches", "Batches that run.", load.runningBatches)
  }

  private func write(_ batches: BatchCounts, to text: inout PrometheusText) {
    text.counter("millpond_worker_batches_total", "Batches computed.", batches.batches)
    text.counter(
      "millpond_worker_tokens_total", "Tokens computed, special tokens included.",
      batches.tokens)
    text.histogram(
      "millpond_worker_batch_inputs", "Inputs of a batch.",
      Histogram(.inputs, counts: batches.byInputs, sum: Double(batches.inputs)))
    text.histogram(
      "millpond_worker_batch_tokens", "Tokens of a batch.",
      Histogram(.tokens, counts: batches.byTokens, sum: Double(batches.tokens)))
  }
}

extension Duration {
  /// In seconds.
  fileprivate var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
