internal import NIOCore
internal import Status
internal import Wire

/// What a coordinator counts, as Prometheus reads it. Names, units and labels are documented in
/// Status's documentation, `Metrics`.
struct CoordinatorMetrics {
  /// A worker as it is shown.
  struct Worker {
    var address: String
    var model: String
    var state: WorkerState?
    var restarts: Int
  }

  private var text = PrometheusText()

  init(_ relays: [ModelRelay], _ workers: [Worker], now: NIODeadline) {
    for write in [
      Self.calls, Self.durations, Self.stages, Self.load, Self.scheduling, Self.sharing,
    ] {
      for row in write { row(&text, relays, now) }
    }
    pool(workers)
  }

  /// Everything, with what the whole process has.
  mutating func finished(
    isReady: Bool, openBytes: Int, connections: Int, residentBytes: UInt64
  ) -> PrometheusText {
    text.gauge("millpond_ready", "Whether calls of every model are taken now.", isReady)
    text.gauge(
      "millpond_open_bytes", "Bytes of open calls: requests, and answers so far.", openBytes)
    text.gauge("millpond_connections", "Connections of callers.", connections)
    text.gauge("millpond_resident_bytes", "Resident memory of the coordinator.", residentBytes)
    return text
  }

  /// Writes the samples of one name.
  private typealias Row = (inout PrometheusText, [ModelRelay], NIODeadline) -> Void

  private static var calls: [Row] {
    [
      { text, relays, _ in
        for relay in relays {
          for (kind, count) in relay.record.calls {
            text.counter(
              "millpond_calls_total", "Calls that ended, by gRPC code.",
              labels: [
                ("model", relay.model), ("method", "\(kind.method)"), ("code", kind.code.name),
              ], count)
          }
        }
      },
      { text, relays, _ in
        for relay in relays {
          for (reason, count) in relay.record.refusals.sorted(by: {
            $0.key.rawValue < $1.key.rawValue
          }
          ) {
            text.counter(
              "millpond_refused_calls_total", "Calls that were refused or failed, by reason.",
              labels: [("model", relay.model), ("reason", "\(reason)")], count)
          }
        }
      },
      { text, relays, _ in
        for relay in relays {
          text.counter(
            "millpond_inputs_total", "Inputs of the calls that were answered.",
            labels: [("model", relay.model)], relay.record.inputs)
        }
      },
    ]
  }

  private static var durations: [Row] {
    [
      { text, relays, _ in
        for relay in relays {
          for (method, histogram) in relay.record.durations {
            text.histogram(
              "millpond_call_duration_seconds", "From a call's arrival to its answer.",
              labels: [("model", relay.model), ("method", "\(method)")], histogram)
          }
        }
      }
    ]
  }

  private static var stages: [Row] {
    [
      { text, relays, _ in
        for relay in relays {
          let record = relay.record
          let stages = [
            ("wait", record.waits), ("queue", record.queueing), ("tokenize", record.tokenizing),
            ("compute", record.computing),
          ]
          for (stage, histogram) in stages {
            text.histogram(
              "millpond_stage_seconds",
              "Of a call: waiting here for a worker; queueing, tokenising and computing there.",
              labels: [("model", relay.model), ("stage", stage)], histogram)
          }
        }
      }
    ]
  }

  private static var load: [Row] {
    [
      gauge("millpond_open_calls", "Calls that are not answered.") {
        Double($0.scheduler.openCallCount)
      },
      gauge("millpond_waiting_inputs", "Inputs of open calls that no worker has.") {
        Double($0.scheduler.waitingInputs)
      },
      gauge("millpond_backlog_seconds", "Predicted time until a new call would begin.") {
        $0.scheduler.backlog(.bulk).map { Double($0) / 1e9 } ?? .infinity
      },
      gauge(
        "millpond_interactive_backlog_seconds",
        "The same for an interactive call, which goes before bulk ones."
      ) { $0.scheduler.backlog(.interactive).map { Double($0) / 1e9 } ?? .infinity },
      gauge("millpond_ready_workers", "Workers that take calls.") {
        Double($0.scheduler.ready.count)
      },
    ]
  }

  private static var scheduling: [Row] {
    [
      counter("millpond_pieces_sent_total", "Pieces of calls sent to workers.") { $0.sentPieces },
      counter("millpond_pieces_retried_total", "Pieces that were lost or refused.") {
        $0.retriedPieces
      },
      counter("millpond_pieces_unread_total", "Pieces that a worker never read.") {
        $0.unreadPieces
      },
      counter("millpond_pieces_doubled_total", "Late pieces sent to a second worker.") {
        $0.doubledPieces
      },
      counter("millpond_pieces_hedged_total", "Slow pieces sent to a second worker.") {
        $0.hedgedPieces
      },
      counter("millpond_worker_deaths_total", "Workers that died with something in hand.") {
        $0.workerDeaths
      },
      counter("millpond_ejections_total", "Times that a worker was left alone for its failures.") {
        $0.ejections
      },
      counter("millpond_poisoned_inputs_total", "Inputs that two workers died of.") {
        $0.poisonedUnits
      },
      counter("millpond_call_restarts_total", "Calls begun anew since their workers are gone.") {
        $0.restarts
      },
    ]
  }

  private static var sharing: [Row] {
    [
      counter("millpond_shared_calls_total", "Calls answered with an equal one that was open.") {
        $0.followingCalls
      },
      counter("millpond_shared_inputs_total", "Inputs answered with an equal one that was open.") {
        $0.followingUnits
      },
      { text, relays, _ in
        for relay in relays {
          text.counter(
            "millpond_cached_inputs_total", "Inputs answered from the result cache.",
            labels: [("model", relay.model)], relay.cachedInputCount)
        }
      },
      gauge("millpond_cache_bytes", "Bytes that the result cache holds.") {
        Double($0.cacheByteCount)
      },
    ]
  }

  private static func gauge(
    _ name: StaticString, _ help: StaticString, _ value: @escaping (ModelRelay) -> Double
  ) -> Row {
    { text, relays, _ in
      for relay in relays {
        text.gauge(name, help, labels: [("model", relay.model)], value(relay))
      }
    }
  }

  private static func counter(
    _ name: StaticString, _ help: StaticString, _ value: @escaping (SchedulerCounts) -> UInt64
  ) -> Row {
    { text, relays, _ in
      for relay in relays {
        text.counter(name, help, labels: [("model", relay.model)], value(relay.scheduler.counts))
      }
    }
  }

  private mutating func pool(_ workers: [Worker]) {
    func each(_ write: (inout PrometheusText, PrometheusText.Labels, WorkerState) -> Void) {
      for worker in workers {
        guard let state = worker.state else { continue }
        write(&text, [("model", worker.model), ("worker", worker.address)], state)
      }
    }
    each {
      $0.gauge(
        "millpond_pool_up", "Whether the worker takes pieces.", labels: $1, $2.phase == .ready)
    }
    each {
      $0.gauge(
        "millpond_pool_backlog_seconds", "Predicted time until it would begin something new.",
        labels: $1, Double($2.backlog(.bulk)) / 1e9)
    }
    each {
      $0.gauge("millpond_pool_open_pieces", "Pieces that it has.", labels: $1, $2.pieces.count)
    }
    each {
      $0.gauge(
        "millpond_pool_slowness", "What it needs of the model's predicted time.", labels: $1,
        $2.slowness)
    }
    each {
      $0.counter(
        "millpond_pool_pieces_total", "Pieces that it answered.", labels: $1, $2.answeredPieces)
    }
    each {
      $0.counter(
        "millpond_pool_inputs_total", "Inputs that it answered.", labels: $1, $2.answeredInputs)
    }
    each {
      $0.counter(
        "millpond_pool_compute_seconds_total", "Compute time of what it answered.", labels: $1,
        Double($2.computeNanoseconds) / 1e9)
    }
    for worker in workers {
      text.counter(
        "millpond_pool_restarts_total", "Times that its process was started again.",
        labels: [("model", worker.model), ("worker", worker.address)], worker.restarts)
    }
  }
}
