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
    /// Each token's vector, cut to `dimensions`, then normalised or not.
    case tokenVectors(dimensions: Int, normalize: Bool)
    /// As they are.
    case sparse
    /// Each token's labels, activated or raw.
    case tokenLabels(raw: Bool)
    /// The cosine of two units of a pair.
    case cosine
    /// The sum of each query token's best product.
    case maxSim
    /// The product of sparse weights.
    case sparseProduct
    /// No rows: the tokens are the answer.
    case tokens

    /// Whether a pair is two units that are compared in the end.
    var comparesUnits: Bool {
      switch self {
      case .cosine, .maxSim, .sparseProduct: true
      default: false
      }
    }
  }

  /// What becomes of the rows.
  let finish: Finish
  /// Put before every text.
  let prefix: [UInt8]
  /// The length rule, checked.
  let limit: TokenLimit
  /// What threads work on: a unit for each input, or those that are compared.
  let units: [UnitSource]
  /// Where units are compared: those of each input. Distinct queries and documents are units once.
  let pairs: [ComparedPair]
  /// Slots in the answer.
  let inputCount: Int

  /// The units of a pair whose outputs are compared.
  struct ComparedPair: Sendable, Hashable {
    var query: Int
    var document: Int
  }

  /// Checks a call. Throws what is wrong with the call as a whole: `.failedPrecondition` where the
  /// model cannot do it, `.invalidArgument` for an unknown prompt, for numbers out of range, and
  /// for more comparisons than one call may ask for.
  init(_ call: InferenceCall, model: ModelDescription) throws(EngineError) {
    let takesPairs: Bool
    var role: TextRole?
    var instruction: [UInt8]?
    switch call.task {
    case .embed(let options):
      finish = try Self.embedding(options, model)
      (prefix, role) = try Self.reading(options.prompt, model)
      takesPairs = false
    case .classify(let raw):
      guard model.task == .classify || model.task == .tokenClassify else {
        throw EngineError(
          .failedPrecondition, reason: .wrongTask,
          "model \(model.name) is an embedding model: it has no labels to classify by")
      }
      finish = model.task == .classify ? .labels(raw: raw) : .tokenLabels(raw: raw)
      prefix = []
      takesPairs = false
    case .score(let options):
      switch model.score {
      case .cosine: finish = .cosine
      case .crossEncoder: finish = .crossScore(raw: options.raw)
      case .lateInteraction: finish = .maxSim
      case .sparse: finish = .sparseProduct
      case .none(let reason):
        throw EngineError(
          .failedPrecondition, reason: .wrongTask, "model \(model.name) cannot score: \(reason)")
      }
      (prefix, instruction) = try Self.wording(options, model)
      takesPairs = model.score == .crossEncoder
    case .tokenize(let prompt):
      finish = .tokens
      (prefix, role) = try Self.reading(prompt, model)
      takesPairs = false
    }
    limit = try Self.limit(call.limit, task: call.task, pairs: takesPairs, model: model)
    inputCount = call.inputs.count
    if finish.comparesUnits {
      (units, pairs) = Self.comparedUnits(call.inputs, hasRoles: model.roles != nil)
    } else {
      let finish = finish
      units = call.inputs.map { input in
        let unit = Self.unit(input, finish: finish, role: role)
        return model.pairTemplate.map { unit.templated($0, instruction) } ?? unit
      }
      pairs = []
    }
    try checkComparisons(model)
  }

  /// What each unit asks of the model.
  var request: UnitRequest {
    switch finish {
    case .vectors, .labels, .crossScore, .cosine, .tokens: .row
    case .tokenVectors, .tokenLabels, .maxSim: .tokens
    case .sparse, .sparseProduct: .sparse
    }
  }

  /// Whether no unit is computed.
  var tokenizeOnly: Bool { finish == .tokens }

  // MARK: - Checks

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

  /// Each text of the pairs once, in each of its roles.
  private static func comparedUnits(
    _ inputs: [ModelInput], hasRoles: Bool
  ) -> ([UnitSource], [ComparedPair]) {
    struct Reading: Hashable {
      var text: [UInt8]
      var role: TextRole?
    }
    var units: [UnitSource] = []
    var pairs: [ComparedPair] = []
    var seen: [Reading: Int] = [:]
    func index(of text: [UInt8], _ role: TextRole) -> Int {
      let reading = Reading(text: text, role: hasRoles ? role : nil)
      if let index = seen[reading] { return index }
      seen[reading] = units.count
      units.append(hasRoles ? .role(role, text) : .text(text))
      return units.count - 1
    }
    for input in inputs {
      if case .pair(let query, let document) = input {
        pairs.append(
          ComparedPair(query: index(of: query, .query), document: index(of: document, .document)))
      } else {
        units.append(.refused(needsPair))
        pairs.append(ComparedPair(query: units.count - 1, document: units.count - 1))
      }
    }
    return (units, pairs)
  }

  private static func unit(
    _ input: ModelInput, finish: Finish, role: TextRole?
  ) -> UnitSource {
    switch (input, finish) {
    case (.text(let text), .tokenVectors), (.text(let text), .tokens):
      role.map { .role($0, text) } ?? .text(text)
    case (.pair, .vectors), (.pair, .tokenVectors), (.pair, .sparse):
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
