/// Everything about how a model directory is served, decided before any weight is read.
package struct ModelPlan: Sendable, Equatable {
  /// The class name in `config.json`.
  package var architecture: String
  /// The code that serves it.
  package var family: ModelFamily
  /// What it answers.
  package var task: Task
  /// What is done to the class for that.
  package var conversion: Conversion
  /// How tokens become one row; for a classifier, as its head does it.
  package var pooling: Pooling?
  /// Further poolings, whose results stand behind that of `pooling` in this order.
  package var joinedPoolings: [Pooling]
  /// The id that a classifier passes over at the end of an input: it reads the last token with
  /// another one, or the first token where there is none. nil: it reads the last.
  package var padID: Int32?
  /// The head of a classifier that is made from the language model's, nil for a head of its own.
  package var tokenHead: TokenHead?
  /// What Embed can be asked for; the first is the default. Empty for a classifier.
  package var outputs: [EmbeddingOutput]
  /// How ColBERT treats texts; nil for every other model.
  package var interaction: LateInteraction?
  /// How sparse weights come about; nil where there are none.
  package var sparse: SparseHead?
  /// For which tokens a token classifier answers.
  package var tokenRows: TokenRows
  /// Maps of token vectors whose weights lie among the model's.
  package var tokenTensors: TokenTensors
  /// Maps after the pooling of an embedding, or of each token's vector, in order.
  package var dense: [DenseModule]
  /// Layer norms between them.
  package var vectorNorms: [VectorNorm]
  /// Whether embeddings are divided by their Euclidean length.
  package var normalize: Bool
  /// What Score means.
  package var score: ScoreType
  /// The published reranker that the directory was recognised as; nil: none.
  package var checkpoint: String?
  /// How a query and a document become one prompt; nil where the tokenizer joins them.
  package var scoreTemplate: ScoreTemplate?
  /// Why Score is refused, nil where it is not.
  package var scoreRefusal: String?
  /// The function from logits to answers.
  package var activation: Activation
  /// The labels by id, empty for an embedding.
  package var labels: [String]
  /// Most tokens of an input, special tokens included.
  package var maxTokens: Int
  /// The width of embeddings, nil for a classifier.
  package var dimensions: Int?
  /// The length that embeddings have unless a call asks for another; nil: `dimensions`.
  package var defaultDimensions: Int?
  /// The lengths that embeddings may be cut to; empty: any from 1 to `dimensions`.
  package var allowedDimensions: [Int]
  /// The prompts by name, UTF-8.
  package var prompts: [String: [UInt8]]
  /// The prompt that is used unless a call says otherwise.
  package var defaultPrompt: String?
  /// Whether a prompt's tokens take part in the pooling.
  package var promptsArePooled: Bool
  /// What the tokenizer file does; it needs no settings beside it.
  package var tokenizerOptions: TokenizerOptions
  /// The names of the tensors that the model uses.
  package var tensors: FamilyTensorNames
  /// The tensors in the file that this task does not use, sorted.
  package var unusedTensors: [String]
  /// The elements of all floating-point tensors in the file, used or not.
  package var parameterCount: Int
  /// Every decision, in the order of the rules.
  package var rules: [RuleDecision]

  /// The rule that decided the conversion.
  package var rule: String { rules.first { $0.fact == .conversion }?.rule ?? "" }

  init(_ facts: Facts, rules: [RuleDecision]) {
    architecture = facts[.architecture]
    family = facts[.family]
    task = facts[.task]
    conversion = facts[.conversion]
    let poolings = [.embed, .classify].contains(task) ? facts[.pooling].list : []
    pooling = poolings.first
    joinedPoolings = Array(poolings.dropFirst())
    padID = facts[.padToken].id
    tokenHead = facts[.tokenHead].head
    outputs = facts[.outputs].list
    interaction = facts[.interaction].settings
    sparse = facts[.sparse].head
    tokenRows = facts[.tokenRows]
    tokenTensors = facts[.tensors].tokens
    dense = facts[.dense].list
    vectorNorms = facts[.dense].norms
    normalize = facts[.normalize]
    score = facts[.score].type
    checkpoint = facts[.checkpoint].known?.name
    scoreTemplate = facts[.scoreTemplate].template
    scoreRefusal = facts[.score].reason
    activation = facts[.activation]
    labels = facts[.labels]
    maxTokens = facts[.maxTokens]
    dimensions = facts[.dimensions].width
    defaultDimensions = facts[.dimensions].initial
    allowedDimensions = facts[.dimensions].allowed
    prompts = facts[.prompts].texts
    defaultPrompt = facts[.prompts].defaultName
    promptsArePooled = facts[.prompts].arePooled
    tokenizerOptions = facts[.tokenizer]
    tensors = facts[.tensors].names
    unusedTensors = facts[.tensors].unused
    parameterCount = facts[.tensors].parameterCount
    self.rules = rules
  }
}
