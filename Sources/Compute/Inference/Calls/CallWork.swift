/// A call after it was checked against the model: its units and what becomes of their rows.
struct CallWork: Sendable {
  /// What becomes of the rows.
  enum Finish: Sendable, Equatable {
    /// Cut to `dimensions`, then normalised or not.
    case vectors(dimensions: Int, normalize: Bool)
    /// Activated or raw, with the index of the largest.
    case labels(raw: Bool)
    /// The one output, activated or raw.
    case crossScore(raw: Bool)
    /// The cosine of two units of a pair.
    case cosine
    /// No rows: the tokens are the answer.
    case tokens
  }

  /// What becomes of the rows.
  let finish: Finish
  /// Put before every text.
  let prefix: [UInt8]
  /// The length rule, checked.
  let limit: TokenLimit
  /// What threads work on: a unit for each input, but for cosines.
  let units: [UnitSource]
  /// For cosines: the units of each input. Distinct queries and documents are units once.
  let pairs: [CosinePair]
  /// Slots in the answer.
  let inputCount: Int

  /// The units of a pair whose embeddings are compared.
  struct CosinePair: Sendable, Equatable {
    var query: Int
    var document: Int
  }

  /// Checks a call. Throws what is wrong with the call as a whole: `.failedPrecondition` where the
  /// model cannot do it, `.invalidArgument` for an unknown prompt and for numbers out of range.
  init(_ call: InferenceCall, model: ModelDescription) throws(EngineError) {
    let takesPairs: Bool
    var instruction: [UInt8]?
    switch call.task {
    case .embed(let options):
      finish = try Self.vectors(options, model)
      prefix = try Self.prefix(options.prompt, model)
      takesPairs = false
    case .classify(let raw):
      guard model.task == .classify else {
        throw EngineError(
          .failedPrecondition, reason: .wrongTask,
          "model \(model.name) is an embedding model: it has no labels to classify by")
      }
      finish = .labels(raw: raw)
      prefix = []
      takesPairs = false
    case .score(let options):
      switch model.score {
      case .cosine: finish = .cosine
      case .crossEncoder: finish = .crossScore(raw: options.raw)
      case .none(let reason):
        throw EngineError(
          .failedPrecondition, reason: .wrongTask, "model \(model.name) cannot score: \(reason)")
      }
      (prefix, instruction) = try Self.wording(options, model)
      takesPairs = model.score == .crossEncoder
    case .tokenize(let prompt):
      finish = .tokens
      prefix = try Self.prefix(prompt, model)
      takesPairs = false
    }
    limit = try Self.limit(call.limit, task: call.task, pairs: takesPairs, model: model)
    inputCount = call.inputs.count
    (units, pairs) = Self.units(
      call.inputs, finish: finish, template: model.pairTemplate, instruction: instruction)
  }

  /// Whether no unit is computed.
  var tokenizeOnly: Bool { finish == .tokens }

  /// What a byte of text may take as ids and spellings: a token of two bytes takes about 60.
  private static let tokenizedBytesPerByte = 32

  /// Bytes that the call holds until it is answered: its texts, the rows or tokens of its results
  /// and a little for each input.
  func heldBytes(rowWidth: Int) -> Int {
    let texts = units.reduce(0) { $0 + $1.byteCount }
    let results =
      tokenizeOnly ? texts * Self.tokenizedBytesPerByte : units.count * rowWidth * 4
    return texts + results + inputCount * 128
  }

  // MARK: - Checks

  private static func vectors(
    _ options: EmbedOptions, _ model: ModelDescription
  ) throws(EngineError) -> Finish {
    guard model.task == .embed else {
      throw EngineError(
        .failedPrecondition, reason: .wrongTask,
        "model \(model.name) is a classifier with \(model.width) labels: it has no embeddings")
    }
    let dimensions = options.dimensions ?? model.width
    guard dimensions >= 1, dimensions <= model.width else {
      throw EngineError(
        .invalidArgument,
        "dimensions \(dimensions) is out of range: model \(model.name) takes 1…\(model.width)")
    }
    let allowed = model.allowedDimensions
    guard allowed.isEmpty || dimensions == model.width || allowed.contains(dimensions) else {
      let list = allowed.map(String.init).joined(separator: ", ")
      throw EngineError(
        .invalidArgument, "model \(model.name) cannot cut to dimensions \(dimensions): only \(list)"
      )
    }
    return .vectors(dimensions: dimensions, normalize: options.normalize ?? model.normalize)
  }

  static func prefix(
    _ prompt: PromptChoice, _ model: ModelDescription
  ) throws(EngineError) -> [UInt8] {
    switch prompt {
    case .none: return []
    case .modelDefault: return model.defaultPrompt.flatMap { model.prompts[$0] } ?? []
    case .named(let name):
      // An exact comparison of bytes: Swift strings would also match other normal forms.
      for (known, text) in model.prompts where known.utf8.elementsEqual(name) { return text }
      let names = model.prompts.keys.sorted().map { "“\($0)”" }.joined(separator: ", ")
      throw EngineError(
        .invalidArgument,
        "model \(model.name) has no such prompt: it has \(names.isEmpty ? "none" : names)")
    }
  }

  private static func limit(
    _ limit: InputLimit, task: InferenceTask, pairs: Bool, model: ModelDescription
  ) throws(EngineError) -> TokenLimit {
    if let maxTokens = limit.maxTokens {
      guard maxTokens <= model.maxTokens else {
        throw EngineError(
          .invalidArgument,
          "a limit of \(maxTokens) tokens is above the \(model.maxTokens) of model \(model.name)")
      }
      let minimum = pairs ? model.pairMinimum : model.textMinimum
      guard maxTokens >= minimum else {
        let what = pairs ? "pair" : "text"
        throw EngineError(
          .invalidArgument,
          "a limit of \(maxTokens) tokens is too small for any \(what): model \(model.name) needs "
            + "\(minimum)…\(model.maxTokens)")
      }
    }
    // Tokenize never refuses for length: without truncation it shows all tokens there are.
    if case .tokenize = task, limit.truncation == .off {
      return TokenLimit(maxTokens: .max, truncation: .off)
    }
    return TokenLimit(
      maxTokens: limit.maxTokens ?? model.maxTokens, truncation: limit.truncation)
  }

  // MARK: - Units

  private static func units(
    _ inputs: [ModelInput], finish: Finish, template: ModelDescription.PairTemplate?,
    instruction: [UInt8]?
  ) -> ([UnitSource], [CosinePair]) {
    guard finish == .cosine else {
      let units = inputs.map { input in
        let unit = unit(input, finish: finish)
        return template.map { unit.templated($0, instruction) } ?? unit
      }
      return (units, [])
    }
    var units: [UnitSource] = []
    var pairs: [CosinePair] = []
    var seen: [[UInt8]: Int] = [:]
    func index(of text: [UInt8]) -> Int {
      if let index = seen[text] { return index }
      seen[text] = units.count
      units.append(.text(text))
      return units.count - 1
    }
    for input in inputs {
      if case .pair(let query, let document) = input {
        pairs.append(CosinePair(query: index(of: query), document: index(of: document)))
      } else {
        units.append(.refused(needsPair))
        pairs.append(CosinePair(query: units.count - 1, document: units.count - 1))
      }
    }
    return (units, pairs)
  }

  private static func unit(_ input: ModelInput, finish: Finish) -> UnitSource {
    switch (input, finish) {
    case (.pair, .vectors):
      .refused(
        EngineError(.invalidArgument, "Embed takes a text or token ids in an input, not a pair"))
    case (.text, .crossScore), (.ids, .crossScore): .refused(needsPair)
    case (.text(let text), _): .text(text)
    case (.ids(let ids), _): .ids(ids)
    case (.pair(let query, let document), _): .pair(query: query, document: document)
    }
  }

  private static var needsPair: EngineError {
    EngineError(.invalidArgument, "Score takes a query and a document in an input")
  }
}
