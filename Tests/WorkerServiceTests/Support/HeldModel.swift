import Inference
import Kernels
import Synchronization

/// A model that holds its batches while a test wants it, moving or not; the row of an input is its
/// first ids.
struct HeldModel: ServedModel {
  /// What batches do.
  enum Hold: Int, Sendable {
    /// They are computed.
    case none
    /// They wait without moving.
    case still
    /// They wait and go from layer to layer.
    case layers
  }

  /// Shared with the test.
  final class Switch: Sendable {
    private let hold = Mutex(Hold.none)

    func set(_ hold: Hold) { self.hold.withLock { $0 = hold } }

    fileprivate var current: Hold { hold.withLock { $0 } }
  }

  let hold = Switch()

  var description: ModelDescription {
    ModelDescription(
      name: "held", task: .embed, score: .cosine, activation: .identity, width: 2, labels: [],
      normalize: false, maxTokens: 32, textMinimum: 2, pairMinimum: 3, vocabularySize: 256,
      prompts: [:], defaultPrompt: nil)
  }

  func makeEncoder() -> any UnitEncoder { Encoder() }

  func spelling(of id: Int32) -> [UInt8]? { nil }

  func normalize(_ rows: inout [Float], _ range: Range<Int>) {}

  func activate(_ rows: inout [Float], _ range: Range<Int>) {}

  func dot(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Float { 0 }

  func makeWorkspace(
    tokensMax: Int, unitsMax: Int, pulse: @escaping () -> Void
  ) throws(EngineError) -> any ModelWorkspace { Workspace(hold: hold) }

  /// A token for each byte.
  private final class Encoder: UnitEncoder {
    func encode(
      _ source: UnitSource, prefix: [UInt8], limit: TokenLimit
    ) throws(EngineError) -> PreparedUnit {
      guard case .text(let text) = source else {
        throw EngineError(.invalidArgument, "texts only")
      }
      let ids = [1] + text.map(Int32.init) + [2]
      guard ids.count <= limit.maxTokens else {
        throw EngineError(.invalidArgument, reason: .tooLong, "too long")
      }
      return PreparedUnit(ids: ids, segmentStart: ids.count, truncated: false)
    }
  }

  private final class Workspace: ModelWorkspace {
    let hold: Switch

    init(hold: Switch) { self.hold = hold }

    func assist(_ team: Team, leaves: () -> Bool) { while team.isOpen, !leaves() {} }

    func forward(
      _ units: [PreparedUnit], team: Team?, checkpoint: (() -> Bool)?
    ) throws(EngineError) -> BatchOutput {
      // A test holds it for a moment only; this thread has nothing else to do.
      while true {
        switch hold.current {
        case .none:
          let rows = units.flatMap { [Float($0.ids[0]), Float($0.ids.count)] }
          return BatchOutput(rows: rows, count: units.count, width: 2)
        case .still: break
        case .layers: _ = checkpoint?()
        }
      }
    }
  }
}
