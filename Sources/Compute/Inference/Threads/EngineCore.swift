internal import Synchronization

/// What an engine's threads hold on to: the model and the shared state.
final class EngineCore: Sendable {
  /// Conditions of the monitor.
  enum Condition {
    /// Compute threads park here.
    static let compute = 0
    /// Tokenising threads park here.
    static let tokenize = 1
    /// `warmUp()` waits here.
    static let warmUp = 2
    static let count = 3
  }

  let model: any ServedModel
  let limits: QueueLimits
  let monitor: Monitor<EngineState>
  /// One for each compute thread.
  let pulses: [Pulse]
  /// Set when there is work for a compute thread that is not computing, of its own or of a team: what
  /// those look at that spin. Only a hint; the state decides.
  private let isWanted = Atomic<Bool>(false)
  /// Set when interactive work came while all threads computed: what a bulk batch looks at between
  /// layers. Only a hint, too.
  private let isPressing = Atomic<Bool>(false)

  init(model: any ServedModel, limits: QueueLimits) {
    self.model = model
    self.limits = limits
    pulses = (0..<limits.threadCount).map { _ in Pulse() }
    monitor = Monitor(
      EngineState(limits: limits, cost: CostModel()), conditionCount: Condition.count)
  }

  /// Wakes threads. Without the lock.
  func wake(_ wake: EngineState.Wake) {
    if wake.everyone || wake.compute > 0 || wake.assist > 0 {
      isWanted.store(true, ordering: .releasing)
    }
    if wake.pause { isPressing.store(true, ordering: .releasing) }
    if wake.assist > 0 { monitor.signal(Condition.compute, count: wake.assist) }
    if wake.everyone {
      monitor.broadcast(Condition.compute)
      monitor.broadcast(Condition.tokenize)
      return
    }
    if wake.compute > 0 { monitor.signal(Condition.compute, count: wake.compute) }
    if wake.tokenize > 0 { monitor.signal(Condition.tokenize, count: wake.tokenize) }
  }

  /// Whether a compute thread that spins should look for work.
  var wantsCompute: Bool { isWanted.load(ordering: .acquiring) }

  /// A compute thread has looked for work and found none.
  func foundNoWork() { isWanted.store(false, ordering: .releasing) }

  /// Whether a bulk batch should pause.
  var wantsPause: Bool { isPressing.load(ordering: .acquiring) }

  /// A thread that paused found no interactive work. Under the lock.
  func foundNothingPressing() { isPressing.store(false, ordering: .releasing) }

  // MARK: - Preparing units

  /// Units of a call after tokenising.
  struct Preparation: Sendable {
    /// Units that can be computed.
    var ready: [(index: Int, unit: PreparedUnit)] = []
    /// Units that have their result: tokens, or an error.
    var finished: [(index: Int, result: InputResult)] = []
    /// Thread time.
    var nanoseconds: UInt64 = 0
    /// Bytes and tokens of texts that were read to their end, for the cost model.
    var textBytes = 0
    var textTokens = 0
  }

  /// No tokenizer is slower, on a machine that has more to do: 2 µs for each byte.
  private static let byteNanosecondsMax: UInt64 = 2_000

  /// Tokenises units of a call on the calling thread, whose encoder is `encoder`, and whose `pulse`
  /// beats before each.
  func prepare(
    _ record: CallRecord, _ indices: Range<Int>, _ encoder: any UnitEncoder, pulse: Pulse? = nil
  ) -> Preparation {
    var preparation = Preparation()
    guard !indices.isEmpty else { return preparation }
    let start = MonotonicClock.now()
    let work = record.work
    let specialTokens = model.description.textMinimum
    for index in indices {
      do throws(EngineError) {
        let source = work.units[index]
        pulse?.beat(
          allowing: UInt64(source.byteCount + work.prefix.count) * Self.byteNanosecondsMax)
        var unit = try encoder.encode(source, prefix: work.prefix, limit: work.limit)
        unit.request = work.request
        if let step = model.description.stepToken, !work.tokenizeOnly,
          !unit.ids.contains(step.id)
        {
          throw EngineError(
            .invalidArgument,
            "the input has no step token “\(step.spelling)”: the model judges the steps that it "
              + "ends")
        }
        if case .text(let text) = source, !unit.truncated {
          preparation.textBytes += text.count + work.prefix.count
          preparation.textTokens += max(0, unit.ids.count - specialTokens)
        }
        if work.tokenizeOnly {
          preparation.finished.append((index, Answering.tokens(unit, model: model)))
        } else {
          preparation.ready.append((index, unit))
        }
      } catch {
        preparation.finished.append((index, .failed(error)))
      }
    }
    preparation.nanoseconds = MonotonicClock.now().minus(start)
    return preparation
  }

  /// What units of a call are predicted to be before they are tokenised.
  func estimates(_ work: CallWork, _ cost: CostModel) -> [UnitEstimate] {
    let description = model.description
    return work.units.map { source in
      guard !work.tokenizeOnly else {
        // About 20 ns for a byte and 1 µs around it: enough to keep accounts honest.
        let bytes = source.byteCount + work.prefix.count
        return UnitEstimate(cost: 1_000 + UInt64(bytes) * 20, tokens: bytes / 4)
      }
      let tokens =
        switch source {
        case .text(let text):
          cost.tokens(
            bytes: text.count + work.prefix.count, specialTokens: description.textMinimum,
            limit: work.limit.maxTokens)
        case .role(let role, let text):
          max(
            cost.tokens(
              bytes: text.count, specialTokens: description.textMinimum,
              limit: work.limit.maxTokens),
            role == .query ? min(description.roles?.query ?? 0, work.limit.maxTokens) : 0)
        case .pair, .templated:
          cost.tokens(
            bytes: source.byteCount, specialTokens: description.pairMinimum,
            limit: work.limit.maxTokens)
        case .ids(let ids): min(ids.count, work.limit.maxTokens)
        case .refused: 0
        }
      return UnitEstimate(cost: cost.cost(tokens: tokens), tokens: tokens)
    }
  }
}
