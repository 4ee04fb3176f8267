package import Kernels

/// What the engine needs of a model: an encoder for each thread that tokenises, and a workspace for
/// each thread that computes. `LoadedServedModel` is the real one.
package protocol ServedModel: Sendable {
  /// What the model is and can do.
  var description: ModelDescription { get }

  /// What one thread tokenises with.
  func makeEncoder() -> any UnitEncoder

  /// A token as it is spelled in the vocabulary, or nil for an id that is not in it.
  func spelling(of id: Int32) -> [UInt8]?

  /// Gives the floats of `rows` in `range` Euclidean length 1, in place; a zero vector stays.
  func normalize(_ rows: inout [Float], _ range: Range<Int>)

  /// Applies the description's activation to the logits of `rows` in `range`, in place.
  func activate(_ rows: inout [Float], _ range: Range<Int>)

  /// Σ x[i]·y[i] of two vectors of the same count.
  func dot(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Float

  /// The scratch memory of one compute thread, for batches of at most `tokensMax` tokens and
  /// `unitsMax` inputs. `pulse` is called by that thread in the midst of a layer that takes long.
  func makeWorkspace(
    tokensMax: Int, unitsMax: Int, pulse: @escaping () -> Void
  ) throws(EngineError) -> any ModelWorkspace
}

/// A tokenizer with the scratch memory of one thread. Not shared between threads.
package protocol UnitEncoder: AnyObject {
  /// Tokens of a text, of ids or of a pair under `limit`; `prefix` is put before every text, and
  /// before the query of a pair.
  /// Throws `.invalidArgument` with counts and limits.
  func encode(
    _ source: UnitSource, prefix: [UInt8], limit: TokenLimit
  ) throws(EngineError) -> PreparedUnit
}

/// A model with the scratch memory of one thread. Not shared between threads.
package protocol ModelWorkspace: AnyObject {
  /// Runs a batch within the workspace's bounds. Gives what each unit asks for: vectors before they
  /// are cut and normalised, logits before the activation, or sparse weights. It does not depend
  /// on the other units of the batch. Throws `.internal`, and `.cancelled` when it was given up.
  ///
  /// With a `team`, which this thread leads, others may compute parts of it. `checkpoint` is asked
  /// between layers: what it does there delays the batch, and with false the batch is given up.
  func forward(
    _ units: [PreparedUnit], team: Team?, checkpoint: (() -> Bool)?
  ) throws(EngineError) -> BatchOutput

  /// Computes parts of another thread's batch until its team closes or `leaves()` is true.
  func assist(_ team: Team, leaves: () -> Bool)
}

/// What a model is and can do, as far as calls are concerned.
package struct ModelDescription: Sendable, Equatable {
  /// What rows of the model are.
  package enum Task: Sendable, Equatable {
    /// Vectors.
    case embed
    /// Logits, one for each label.
    case classify
    /// A vector for each token.
    case tokenEmbed
    /// Logits for each token, one for each label.
    case tokenClassify
  }

  /// How a query and a document are compared.
  package enum Score: Sendable, Equatable {
    /// By the cosine of their embeddings.
    case cosine
    /// By the one output of a classifier that reads both.
    case crossEncoder
    /// By the sum of each query token's best product with a document token.
    case lateInteraction
    /// By the product of their sparse weights.
    case sparse
    /// Not at all, and why.
    case none(reason: String)
  }

  /// What turns logits into answers.
  package enum Activation: Sendable, Equatable {
    /// Nothing.
    case identity
    /// 1 / (1 + e⁻ˣ) of each.
    case sigmoid
    /// eˣ over their sum.
    case softmax
  }

  /// What a call may bring for the score template of a model.
  package struct PairTemplate: Sendable, Equatable {
    /// Whether it may bring an instruction.
    package var takesInstruction: Bool
    /// Whether it must.
    package var needsInstruction: Bool

    /// What a call may bring.
    package init(takesInstruction: Bool, needsInstruction: Bool) {
      self.takesInstruction = takesInstruction
      self.needsInstruction = needsInstruction
    }
  }

  /// The name under which it is served.
  package var name: String
  /// What its rows are.
  package var task: Task
  /// How it scores.
  package var score: Score
  /// What turns logits into answers.
  package var activation: Activation
  /// Floats in a row: dimensions or labels.
  package var width: Int
  /// The length of vectors unless a call asks for another; nil: `width`.
  package var defaultDimensions: Int?
  /// The lengths that vectors may be cut to; empty: any from 1 to `width`.
  package var allowedDimensions: [Int] = []
  /// What Embed can be asked for beside `.modelDefault`; the first is the default. Empty for a
  /// classifier.
  package var outputs: [EmbedOutput]
  /// Floats in the row of a token, where the model gives such rows.
  package var tokenWidth: Int
  /// Whether token rows get length 1 unless the call says otherwise.
  package var normalizesTokens = false
  /// Most ids of a sparse output; nil: no more than an input has tokens.
  package var sparseIDsMax: Int? = nil
  /// Set where each text is a query or a document.
  package var roles: RoleLengths? = nil
  /// Set where only the tokens behind steps have rows.
  package var stepToken: StepToken? = nil
  /// Labels in label-id order; empty for an embedding model.
  package var labels: [String]
  /// Whether vectors get length 1 unless the call says otherwise.
  package var normalize: Bool
  /// The limit in tokens, special tokens included.
  package var maxTokens: Int
  /// The least limit under which a text can be cut: its special tokens, at least 1.
  package var textMinimum: Int
  /// The same for a pair.
  package var pairMinimum: Int
  /// Ids are 0..<vocabularySize.
  package var vocabularySize: Int
  /// Prompts by name, in UTF-8.
  package var prompts: [String: [UInt8]]
  /// The prompt of `.modelDefault`.
  package var defaultPrompt: String?
  /// The score template that joins pairs; nil: the tokenizer does.
  package var pairTemplate: PairTemplate? = nil

  /// A description; an embedding model gives vectors unless `outputs` says otherwise.
  package init(
    name: String, task: Task, score: Score, activation: Activation, width: Int, labels: [String],
    normalize: Bool, maxTokens: Int, textMinimum: Int, pairMinimum: Int, vocabularySize: Int,
    prompts: [String: [UInt8]], defaultPrompt: String?, outputs: [EmbedOutput]? = nil
  ) {
    self.outputs = outputs ?? (task == .embed ? [.vector] : [])
    tokenWidth = width
    self.name = name
    self.task = task
    self.score = score
    self.activation = activation
    self.width = width
    self.labels = labels
    self.normalize = normalize
    self.maxTokens = maxTokens
    self.textMinimum = textMinimum
    self.pairMinimum = pairMinimum
    self.vocabularySize = vocabularySize
    self.prompts = prompts
    self.defaultPrompt = defaultPrompt
  }

  /// What the model's own task asks of a unit.
  var defaultRequest: UnitRequest {
    switch task {
    case .classify: .row
    case .tokenEmbed, .tokenClassify: .tokens
    case .embed: outputs.first == .sparse ? .sparse : .row
    }
  }
}

/// What one unit of a call is made from.
package enum UnitSource: Sendable, Equatable {
  /// A text in UTF-8.
  case text([UInt8])
  /// A text as a query or as a document.
  case role(TextRole, [UInt8])
  /// Token ids that are used as they are.
  case ids([Int32])
  /// Two texts that the tokenizer joins.
  case pair(query: [UInt8], document: [UInt8])
  /// Two texts that the model's score template joins, with the instruction of the call.
  case templated(query: [UInt8], document: [UInt8], instruction: [UInt8]?)
  /// An input that this task does not take.
  case refused(EngineError)

  /// Text bytes, or four for each id.
  var byteCount: Int {
    switch self {
    case .text(let text), .role(_, let text): text.count
    case .ids(let ids): ids.count * 4
    case .pair(let query, let document): query.count + document.count
    case .templated(let query, let document, let instruction):
      query.count + document.count + (instruction?.count ?? 0)
    case .refused: 0
    }
  }
}

/// The length rule of a call after it was checked against the model.
package struct TokenLimit: Sendable, Equatable {
  /// The most tokens, special tokens included.
  package var maxTokens: Int
  /// What happens to a longer input.
  package var truncation: InputTruncation

  /// A limit.
  package init(maxTokens: Int, truncation: InputTruncation) {
    self.maxTokens = maxTokens
    self.truncation = truncation
  }
}

/// A tokenised unit.
package struct PreparedUnit: Sendable, Equatable {
  /// Token ids, special tokens included; at least one.
  package var ids: [Int32]
  /// The first index of the second segment; `ids.count` when there is none.
  package var segmentStart: Int
  /// Whether it was cut to the limit.
  package var truncated: Bool
  /// How many tokens, from the first, are seen by the others; nil: all.
  package var keyCount: Int? = nil
  /// Whether tokens that are left out of documents have no row.
  package var isDocument = false
  /// What is asked for.
  package var request = UnitRequest.row
  /// The first index that a pooling reads: behind a prompt that is left out, else 0.
  package var pooledStart = 0

  /// A tokenised unit.
  package init(ids: [Int32], segmentStart: Int, truncated: Bool) {
    self.ids = ids
    self.segmentStart = segmentStart
    self.truncated = truncated
  }
}
