package import Inference
package import Status
package import Wire

/// What a worker has answered, as a value.
package struct WorkerCounts: Sendable {
  /// What is counted as a method of its own; any other is `unknown`.
  private static let methods: [(name: String, method: Wire.Method?)] = [
    ("embed", .embed), ("classify", .classify), ("score", .score), ("tokenize", .tokenize),
    ("info", .info), ("health", .health), ("unknown", nil),
  ]

  /// Answers of one method, by their codes' numbers.
  private struct Answers: Sendable {
    var calls = [UInt64](repeating: 0, count: StatusCode.allCases.count)
    var inputs = [UInt64](repeating: 0, count: StatusCode.allCases.count)
    var seconds = Histogram()
  }

  private var answers = [Answers](repeating: Answers(), count: methods.count)
  private var queue = Histogram()
  private var tokenize = Histogram()
  private var compute = Histogram()

  /// Nothing yet.
  package init() {}

  /// A call was answered as a whole with `code`, all of its inputs too.
  package mutating func answered(_ method: Wire.Method?, _ code: StatusCode, inputs: Int) {
    let place = Self.place(method)
    answers[place].calls[Self.place(code)] += 1
    answers[place].inputs[Self.place(code)] += UInt64(max(0, inputs))
  }

  /// A call was answered with a slot for each of so many inputs, of which some, by their codes,
  /// failed.
  package mutating func answered(
    _ method: Wire.Method?, inputs: Int, failures: [StatusCode: Int]
  ) {
    let place = Self.place(method)
    answers[place].calls[Self.place(.ok)] += 1
    var good = inputs
    for (code, count) in failures {
      answers[place].inputs[Self.place(code)] += UInt64(count)
      good -= count
    }
    answers[place].inputs[Self.place(.ok)] += UInt64(max(0, good))
  }

  /// Where the time of a call went that the engine took.
  package mutating func timed(_ method: Wire.Method?, _ timings: CallTimings) {
    answers[Self.place(method)].seconds.observe(Double(timings.total) / 1e9)
    queue.observe(Double(timings.queue) / 1e9)
    tokenize.observe(Double(timings.tokenize) / 1e9)
    compute.observe(Double(timings.compute) / 1e9)
  }

  /// Writes all of it. What is 0 and has no meaning on every model is left out.
  package func write(to text: inout PrometheusText) {
    writeCounts(
      "millpond_worker_calls_total", "Calls answered, by method and status code.", \.calls,
      to: &text)
    writeCounts(
      "millpond_worker_inputs_total", "Inputs answered, by method and status code.", \.inputs,
      to: &text)
    for (own, (name, _)) in zip(answers, Self.methods) where own.seconds.count > 0 {
      text.histogram(
        "millpond_worker_call_seconds", "Time from a call's arrival to its answer.",
        labels: [("method", name)], own.seconds)
    }
    for (stage, histogram) in [("queue", queue), ("tokenize", tokenize), ("compute", compute)] {
      text.histogram(
        "millpond_worker_stage_seconds", "Time of a call by stage.", labels: [("stage", stage)],
        histogram)
    }
  }

  private func writeCounts(
    _ name: StaticString, _ help: StaticString, _ counts: KeyPath<Answers, [UInt64]>,
    to text: inout PrometheusText
  ) {
    for (own, (method, _)) in zip(answers, Self.methods) {
      for code in StatusCode.allCases {
        let count = own[keyPath: counts][Self.place(code)]
        guard count > 0 || (code == .ok && own.seconds.count > 0) else { continue }
        text.counter(name, help, labels: [("method", method), ("code", code.name)], count)
      }
    }
  }

  private static func place(_ method: Wire.Method?) -> Int {
    methods.firstIndex { $0.method == method } ?? methods.count - 1
  }

  private static func place(_ code: StatusCode) -> Int { Int(code.rawValue) }
}
