internal import Kernels
internal import ModelFiles

/// The sizes and choices of a transformer that `StackBackbone` computes: what each family's file
/// reads from its configuration. Defaults are those that most families share.
struct StackSettings: Sendable {
  /// How norms are computed.
  enum NormKind: Sendable {
    /// With mean and shift.
    case layer
    /// Of the root mean square, times the weight.
    case rootMeanSquare
    /// Of the root mean square, times 1 + the weight (Gemma).
    case rootMeanSquarePlusOne
  }

  /// Where a layer's output norms stand; norms before a part are there if the file has them.
  enum Placement: Sendable {
    /// After the residual is added (BERT), or nowhere.
    case afterResidual
    /// Before the residual is added (Gemma 2).
    case beforeResidual
  }

  /// Which half of the feed-forward maps goes through the activation, where there are two.
  enum Gate: Sendable {
    case none
    case first
    case second
  }

  /// What differs between layers.
  struct LayerKind: Sendable {
    var window: MaskedAttention.Window
    var rotary: Rotary?
  }

  /// What distances of tokens add to scores.
  enum Distances: Sendable {
    case none
    /// MPNet: a number for each head and bucket.
    case buckets(count: Int, bucket: @Sendable (Int) -> Int)
    /// DeBERTa: vectors, for queries, for keys or for both; `row` gives that of key − query.
    case vectors(
      count: Int, toPositions: Bool, fromPositions: Bool, row: @Sendable (Int) -> Int)
  }

  /// A convolution over the embeddings of neighbouring tokens, whose result is added to that of the
  /// first layer (DeBERTa).
  struct Convolution: Sendable {
    /// Tokens that a result is made of, odd.
    var size: Int
    /// Parts of the columns that see only themselves.
    var groupCount: Int
    var activation: ElementFunction
  }

  /// Feed-forward parts of which each token goes through some (NomicBERT).
  struct Experts: Sendable {
    var count: Int
    /// How many a token goes through.
    var chosenCount: Int
  }

  var hiddenSize: Int
  var headCount: Int
  var keyHeadCount: Int
  var headSize: Int
  var intermediateSize: Int
  var vocabularySize: Int
  /// Tokens that an input can have.
  var positionCount: Int
  /// Position of the first token in the table.
  var firstPosition = 0
  /// Rows of the segment table.
  var segmentCount = 1
  /// Columns of the embedding tables.
  var embeddingSize: Int
  /// Words are multiplied by it.
  var embeddingFactor: Float = 1
  var norm = NormKind.layer
  var epsilon: Float
  var placement = Placement.afterResidual
  var activation: ElementFunction
  var gate = Gate.none
  /// Maps are stored `[in, out]` (GPT-2).
  var isTransposed = false
  /// Scores are multiplied by it.
  var scale: Float
  var softCap: Float?
  var layers: [LayerKind]
  var distances = Distances.none
  var convolution: Convolution?
  /// Of the layers whose tensors have a router.
  var experts: Experts?
  /// After each map of a classification head but the last.
  var headActivation = ElementFunction.tanh
}
