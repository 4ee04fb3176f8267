/// One input of a call.
package enum ModelInput: Sendable, Equatable {
  /// UTF-8 with any bytes, NUL included.
  case text([UInt8])
  /// Token ids, used as they are: no special token is added.
  case ids([Int32])
  /// Two UTF-8 texts that the tokenizer joins, or whose embeddings are compared.
  case pair(query: [UInt8], document: [UInt8])

  /// Bytes that the input holds in memory: text bytes, or four for each id.
  package var byteCount: Int {
    switch self {
    case .text(let text): text.count
    case .ids(let ids): ids.count * 4
    case .pair(let query, let document): query.count + document.count
    }
  }
}

/// Which prompt is put before the texts of a call.
package enum PromptChoice: Sendable, Equatable {
  /// The model directory's `default_prompt_name`, if it has one.
  case modelDefault
  /// No prompt, even when the model has a default.
  case none
  /// A prompt of the model by its name (UTF-8). An unknown name fails the call.
  case named([UInt8])
}

/// What Embed gives for an input.
package enum EmbedOutput: Sendable, Equatable, CaseIterable {
  /// What the model is made for.
  case modelDefault
  /// One vector.
  case vector
  /// A vector for each token.
  case tokens
  /// A weight for each id of the vocabulary that has one.
  case sparse
}

extension EmbedOutput {
  /// The output in messages.
  package var name: String {
    switch self {
    case .modelDefault: "the model's own"
    case .vector: "vector"
    case .tokens: "token"
    case .sparse: "sparse"
    }
  }
}

/// How Embed shapes its vectors.
package struct EmbedOptions: Sendable, Equatable {
  /// The prompt put before every text. Ids are used as they are.
  package var prompt: PromptChoice
  /// Components to keep, 1…D, cut before normalising; nil keeps all.
  package var dimensions: Int?
  /// Whether vectors get length 1; nil does what the model directory says.
  package var normalize: Bool?
  /// What is given for an input; `dimensions` and `normalize` do not apply to sparse weights.
  package var output: EmbedOutput

  /// By default: the model's prompt and output, all components, normalised as the model says.
  package init(
    prompt: PromptChoice = .modelDefault, dimensions: Int? = nil, normalize: Bool? = nil,
    output: EmbedOutput = .modelDefault
  ) {
    self.output = output
    self.prompt = prompt
    self.dimensions = dimensions
    self.normalize = normalize
  }
}

/// How Score compares its pairs.
package struct ScoreOptions: Sendable, Equatable {
  /// The value before the last activation; a cosine stays as it is.
  package var raw: Bool
  /// The prompt put before both texts of a pair whose embeddings are compared (there
  /// `.modelDefault` is none), before the query of another pair, or taken as the template's
  /// instruction.
  package var prompt: PromptChoice
  /// What the model's score template is told to look for, in UTF-8; nil leaves the template's own.
  /// A model without a template refuses the call.
  package var instruction: [UInt8]?

  /// By default: activated, without a prompt, with the template's own instruction.
  package init(raw: Bool = false, prompt: PromptChoice = .none, instruction: [UInt8]? = nil) {
    self.raw = raw
    self.prompt = prompt
    self.instruction = instruction
  }
}

/// What a call asks for.
package enum InferenceTask: Sendable, Equatable {
  /// A vector for each input. Needs an embedding model.
  case embed(EmbedOptions)
  /// A value for each label of a classifier: probabilities, or logits when `raw`.
  case classify(raw: Bool)
  /// A number for each pair: cosine on an embedding model, the activated output (the logit when
  /// raw) of a one-label classifier.
  case score(ScoreOptions)
  /// Token ids with their spellings. Works on every model and never refuses for length.
  case tokenize(prompt: PromptChoice)
}

/// Where an input that is over the limit is cut.
package enum InputTruncation: Sendable, Equatable {
  /// Nowhere: it is refused with its token count and the limit.
  case off
  /// Tokens are dropped on the left.
  case left
  /// Tokens are dropped on the right.
  case right
}

/// The length rule of a call. Tokens are counted with special tokens.
package struct InputLimit: Sendable, Equatable {
  /// Lowers the model's limit for this call; nil leaves it.
  package var maxTokens: Int?
  /// What happens to a longer input.
  package var truncation: InputTruncation

  /// By default: the model's limit, and longer inputs are refused.
  package init(maxTokens: Int? = nil, truncation: InputTruncation = .off) {
    self.maxTokens = maxTokens
    self.truncation = truncation
  }
}

/// Whose work goes first. Bulk work waits for interactive work but is never starved by it.
package enum CallPriority: Int, Sendable, Equatable, CaseIterable {
  /// Somebody looks at the screen.
  case interactive = 0
  /// An index run.
  case bulk = 1
}

/// A call to the engine: one task over any number of inputs.
package struct InferenceCall: Sendable {
  /// What is asked.
  package var task: InferenceTask
  /// The inputs, answered in this order. None gives an answer without slots.
  package var inputs: [ModelInput]
  /// The length rule.
  package var limit: InputLimit
  /// When nobody waits any more, in nanoseconds of the monotonic clock (`MonotonicClock.now()`).
  package var deadline: UInt64?
  /// Whose work goes first.
  package var priority: CallPriority
  /// Takes the answer, exactly once: on an engine thread, or on the submitting or cancelling
  /// thread before `submit` or `cancel` returns. It must not block and must not shut the engine
  /// down.
  package var onCompletion: @Sendable (InferenceAnswer) -> Void

  /// A call; by default interactive, without a deadline and with the model's limit.
  package init(
    task: InferenceTask, inputs: [ModelInput], limit: InputLimit = InputLimit(),
    deadline: UInt64? = nil, priority: CallPriority = .interactive,
    onCompletion: @escaping @Sendable (InferenceAnswer) -> Void
  ) {
    self.task = task
    self.inputs = inputs
    self.limit = limit
    self.deadline = deadline
    self.priority = priority
    self.onCompletion = onCompletion
  }
}
