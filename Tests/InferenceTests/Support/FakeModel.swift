import Inference
import Kernels
import Synchronization

/// Lets a test hold compute threads inside a batch.
final class Gate: Sendable {
  private struct State {
    var isOpen = true
    var entered = 0
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  /// Batches that come are held from now on.
  func close() {
    state.withLock { $0.isOpen = false }
  }

  /// Held batches go on.
  func open() {
    state.withLock { $0.isOpen = true }
  }

  /// Called by the model in each batch: returns when the gate is open.
  func pass() {
    let due = state.withLock { state in
      state.entered += 1
      let due = state.waiters.filter { $0.count <= state.entered }
      state.waiters.removeAll { $0.count <= state.entered }
      return due
    }
    for waiter in due { waiter.continuation.resume() }
    // A test holds the gate for a moment only; this thread has nothing else to do.
    while !state.withLock({ $0.isOpen }) {}
  }

  /// Batches that have come so far.
  var entered: Int { state.withLock { $0.entered } }

  /// Returns when `count` batches have come.
  func waitUntilEntered(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.entered >= count { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if isDue { continuation.resume() }
    }
  }
}

/// A model whose tokens are the bytes of a text between 1 and 2, and whose rows are sums: quick,
/// exact, and able to misbehave on demand.
struct FakeModel: ServedModel {
  /// A text with this byte makes its batch throw.
  static let poison: UInt8 = 250
  /// A text with this byte gives a row that is not finite.
  static let notFinite: UInt8 = 251

  var description: ModelDescription
  var gate = Gate()
  /// Passed behind the checkpoint, before the layer's first pulse …
  var layer = Gate()
  /// … and behind that.
  var tile = Gate()
  /// Passed by batches that were computed to their end.
  var ends = Gate()
  /// Entered by each product of two rows.
  var productGate = Gate()
  /// Processor time that each batch takes at least, in nanoseconds.
  var batchTime: UInt64 = 0
  /// Thrown by every new workspace.
  var workspaceError: EngineError?

  /// An embedding model of four dimensions, or a classifier when there are labels.
  init(labels: [String] = [], score: ModelDescription.Score = .cosine, maxTokens: Int = 32) {
    description = ModelDescription(
      name: "fake", task: labels.isEmpty ? .embed : .classify, score: score,
      activation: labels.isEmpty ? .identity : .softmax,
      width: labels.isEmpty ? 4 : labels.count, labels: labels, normalize: true,
      maxTokens: maxTokens, textMinimum: 2, pairMinimum: 3, vocabularySize: 256,
      prompts: ["query": Array("q: ".utf8), "passage": Array("p: ".utf8)], defaultPrompt: nil)
  }

  func makeEncoder() -> any UnitEncoder { Encoder() }

  func spelling(of id: Int32) -> [UInt8]? { [UInt8(truncatingIfNeeded: id)] }

  func normalize(_ rows: inout [Float], _ range: Range<Int>) {
    let norm = rows[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
    for index in range { rows[index] /= max(norm, 1e-12) }
  }

  func activate(_ rows: inout [Float], _ range: Range<Int>) {
    let sum = rows[range].reduce(0, +)
    for index in range { rows[index] /= sum }
  }

  func dot(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Float {
    productGate.pass()
    return zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  func makeWorkspace(
    tokensMax: Int, unitsMax: Int, pulse: @escaping () -> Void
  ) throws(EngineError) -> any ModelWorkspace {
    if let workspaceError { throw workspaceError }
    return Workspace(model: self, tokensMax: tokensMax, unitsMax: unitsMax, pulse: pulse)
  }

  /// A token for each byte.
  private final class Encoder: UnitEncoder {
    func encode(
      _ source: UnitSource, prefix: [UInt8], limit: TokenLimit
    ) throws(EngineError) -> PreparedUnit {
      var ids: [Int32]
      switch source {
      case .text(let text): ids = [1] + (prefix + text).map(Int32.init) + [2]
      case .role(_, let text): ids = [1] + text.map(Int32.init) + [2]
      case .ids(let given): ids = given
      case .pair(let query, let document), .templated(let query, let document, _):
        ids = [1] + query.map(Int32.init) + [2] + document.map(Int32.init) + [2]
      case .refused(let error): throw error
      }
      let isCut = ids.count > limit.maxTokens
      guard !isCut || limit.truncation != .off else {
        throw EngineError(
          .invalidArgument, reason: .tooLong, "\(ids.count) over \(limit.maxTokens)")
      }
      if isCut { ids.removeLast(ids.count - limit.maxTokens) }
      return PreparedUnit(ids: ids, segmentStart: ids.count, truncated: isCut)
    }
  }

  /// Rows of a batch: row[k] is the sum of the ids at positions k, k + width, …
  private final class Workspace: ModelWorkspace {
    let model: FakeModel
    let tokensMax: Int
    let unitsMax: Int
    let pulse: () -> Void

    init(model: FakeModel, tokensMax: Int, unitsMax: Int, pulse: @escaping () -> Void) {
      self.pulse = pulse
      self.model = model
      self.tokensMax = tokensMax
      self.unitsMax = unitsMax
    }

    func assist(_ team: Team, leaves: () -> Bool) { while team.isOpen, !leaves() { pulse() } }

    func forward(
      _ units: [PreparedUnit], team: Team?, checkpoint: (() -> Bool)?
    ) throws(EngineError) -> BatchOutput {
      model.gate.pass()
      guard checkpoint?() ?? true else { throw EngineError(.cancelled, "given up") }
      model.layer.pass()
      pulse()
      model.tile.pass()
      let start = MonotonicClock.threadTime()
      while MonotonicClock.threadTime() - start < model.batchTime {}
      let tokens = units.reduce(0) { $0 + $1.ids.count }
      guard units.count <= unitsMax, tokens <= tokensMax || units.count == 1 else {
        throw EngineError(.internal, "the batch is over its bounds")
      }
      var rows: [Float] = []
      for unit in units {
        let isWarmUp = unit.ids.first != 1
        if !isWarmUp, unit.ids.contains(Int32(FakeModel.poison)) {
          throw EngineError(.internal, "poisoned")
        }
        var row = [Float](repeating: 0, count: model.description.width)
        for (position, id) in unit.ids.enumerated() { row[position % row.count] += Float(id) }
        if !isWarmUp, unit.ids.contains(Int32(FakeModel.notFinite)) { row[0] = .nan }
        rows += row
      }
      model.ends.pass()
      return BatchOutput(rows: rows, count: units.count, width: model.description.width)
    }
  }
}

/// An engine over a fake model, warmed up.
func makeEngine(
  _ model: FakeModel = FakeModel(), threads: Int = 1,
  _ change: (inout QueueLimits) -> Void = { _ in }
) throws -> Engine {
  let engine = makeColdEngine(model, threads: threads, change)
  try engine.warmUp()
  return engine
}

/// An engine over a fake model, not warmed up.
func makeColdEngine(
  _ model: FakeModel = FakeModel(), threads: Int = 1,
  _ change: (inout QueueLimits) -> Void = { _ in }
) -> Engine {
  var limits = QueueLimits.defaults(threadCount: threads)
  change(&limits)
  let info = EngineInfo(
    name: model.description.name, fingerprint: "fake-1", model: model.description,
    architecture: "Fake", precision: "f32", instructionSet: "none", threadCount: threads,
    parameterCount: 0)
  return Engine(model: model, info: info, limits: limits, tokenizerThreadCount: 1)
}
