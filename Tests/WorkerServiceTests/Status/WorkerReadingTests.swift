import Inference
import Status
import TestSupport
import Testing
import Wire
import WorkerService

@Suite("A worker's metrics")
struct WorkerReadingTests {
  private func reading(
    _ counts: WorkerCounts = WorkerCounts(), isLoaded: Bool = true
  ) -> WorkerReading {
    let model = HeldModel()
    let info = EngineInfo(
      name: "a\"b", fingerprint: "f-1", model: model.description, architecture: "X",
      precision: "int8", instructionSet: "avx2", threadCount: 2, parameterCount: 0)
    var load = Engine(
      model: model, info: info, limits: .defaults(threadCount: 2), tokenizerThreadCount: 0
    ).load()
    load.backlogNanoseconds = 1_500_000_000
    load.queuedInputs = 3
    load.queuedBytes = 4_096
    load.openCalls = 2
    load.runningBatches = 1
    let engine = WorkerReading.Engine(
      info: info, load: load, batches: BatchCounts(), step: .milliseconds(2_500))
    return WorkerReading(
      health: WorkerHealth(modelName: "m", phase: .serving, stillness: .milliseconds(250)),
      counts: counts, engine: isLoaded ? engine : nil, residentBytes: 1 << 20,
      startSeconds: 1_769_860_800.5)
  }

  private func lines(_ reading: WorkerReading) -> [String] {
    reading.text.text.split(separator: "\n").map(String.init)
  }

  @Test("what is measured is there, in base units")
  func gauges() {
    let lines = lines(reading())
    for line in [
      "millpond_worker_ready 1", "millpond_worker_progressing 1",
      "millpond_worker_start_time_seconds 1769860800.5", "millpond_worker_resident_bytes 1048576",
      "millpond_worker_info{model=\"a\\\"b\",fingerprint=\"f-1\",precision=\"int8\",isa=\"avx2\","
        + "version=\"\(Version.current)\"} 1",
      "millpond_worker_threads 2", "millpond_worker_step_age_seconds 2.5",
      "millpond_worker_still_seconds 0.25", "millpond_worker_backlog_seconds 1.5",
      "millpond_worker_queued_inputs 3", "millpond_worker_queued_bytes 4096",
      "millpond_worker_open_calls 2", "millpond_worker_running_batches 1",
      "millpond_worker_batches_total 0", "millpond_worker_batch_tokens_count 0",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test("calls and inputs are counted by method and code, and times by stage")
  func counts() {
    var counts = WorkerCounts()
    var timings = CallTimings()
    timings.queue = 2_000_000
    timings.tokenize = 100_000
    timings.compute = 40_000_000
    timings.total = 43_000_000
    counts.answered(.embed, inputs: 10, failures: [.invalidArgument: 2])
    counts.timed(.embed, timings)
    counts.answered(.embed, .resourceExhausted, inputs: 5)
    counts.answered(.health, .ok, inputs: 0)
    counts.answered(nil, .unimplemented, inputs: 0)
    counts.answered(.admin, .unimplemented, inputs: 0)
    let lines = lines(reading(counts))
    for line in [
      #"millpond_worker_calls_total{method="embed",code="OK"} 1"#,
      #"millpond_worker_calls_total{method="embed",code="RESOURCE_EXHAUSTED"} 1"#,
      #"millpond_worker_calls_total{method="health",code="OK"} 1"#,
      #"millpond_worker_calls_total{method="unknown",code="UNIMPLEMENTED"} 2"#,
      #"millpond_worker_inputs_total{method="embed",code="OK"} 8"#,
      #"millpond_worker_inputs_total{method="embed",code="INVALID_ARGUMENT"} 2"#,
      #"millpond_worker_inputs_total{method="embed",code="RESOURCE_EXHAUSTED"} 5"#,
      #"millpond_worker_call_seconds_bucket{method="embed",le="0.025"} 0"#,
      #"millpond_worker_call_seconds_bucket{method="embed",le="0.05"} 1"#,
      #"millpond_worker_call_seconds_sum{method="embed"} 0.043"#,
      #"millpond_worker_stage_seconds_sum{stage="queue"} 0.002"#,
      #"millpond_worker_stage_seconds_sum{stage="tokenize"} 0.0001"#,
      #"millpond_worker_stage_seconds_sum{stage="compute"} 0.04"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(!lines.contains { $0.hasPrefix("millpond_worker_calls_total{method=\"score\"") })
  }

  @Test("while the model is loading there is what is known without it")
  func loading() {
    let names = lines(reading(isLoaded: false)).filter { $0.hasPrefix("# TYPE ") }
    #expect(names.count == 4)
  }

  @Test("the table of metrics has each name with its type, and no other of a worker")
  func documented() throws {
    var counts = WorkerCounts()
    counts.answered(.embed, inputs: 1, failures: [:])
    counts.timed(.embed, CallTimings())
    let written = lines(reading(counts)).filter { $0.hasPrefix("# TYPE ") }
      .map { $0.dropFirst("# TYPE ".count).split(separator: " ").map(String.init) }
    let table = try Fixtures.text("Sources/Service/Status/Documentation.docc/Metrics.md")
    let documented = table.split(separator: "\n").filter { $0.hasPrefix("| worker | ") }
      .map { line in
        line.split(separator: "|")[1...2].map { $0.filter { $0 != " " && $0 != "`" } }
      }
    #expect(Set(written) == Set(documented))
    #expect(written.count == documented.count)
  }
}
