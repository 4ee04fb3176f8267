/// What Embed asks for, and how texts are read for it.
extension CallWork {
  static func embedding(
    _ options: EmbedOptions, _ model: ModelDescription
  ) throws(EngineError) -> Finish {
    guard model.task == .embed || model.task == .tokenEmbed else {
      throw EngineError(
        .failedPrecondition, reason: .wrongTask,
        "model \(model.name) is a classifier with \(model.width) labels: it has no embeddings")
    }
    guard options.output == .modelDefault || model.outputs.contains(options.output) else {
      let served = model.outputs.map(\.name).joined(separator: " and ")
      throw EngineError(
        .failedPrecondition, reason: .wrongTask,
        "model \(model.name) gives \(served) output: \(options.output.name) output is not served by "
          + "this model")
    }
    let output =
      options.output == .modelDefault ? model.outputs.first ?? .vector : options.output
    switch output {
    case .sparse:
      try refuseShape(options, model)
      return .sparse
    case .tokens:
      // Beside one vector they are the hidden states as sentence-transformers gives them.
      return .tokenVectors(
        dimensions: try dimensions(
          options, model, width: model.tokenWidth,
          initial: model.task == .tokenEmbed ? model.defaultDimensions : nil),
        normalize: options.normalize ?? model.normalizesTokens)
    case .vector, .modelDefault:
      return .vectors(
        dimensions: try dimensions(
          options, model, width: model.width, initial: model.defaultDimensions),
        normalize: options.normalize ?? model.normalize)
    }
  }

  private static func refuseShape(
    _ options: EmbedOptions, _ model: ModelDescription
  ) throws(EngineError) {
    guard options.dimensions == nil, options.normalize == nil else {
      let what = options.dimensions == nil ? "normalised" : "cut to dimensions"
      throw EngineError(
        .invalidArgument, "model \(model.name): sparse output cannot be \(what)")
    }
  }

  private static func dimensions(
    _ options: EmbedOptions, _ model: ModelDescription, width: Int, initial: Int?
  ) throws(EngineError) -> Int {
    let dimensions = options.dimensions ?? initial ?? width
    guard dimensions >= 1, dimensions <= width else {
      throw EngineError(
        .invalidArgument,
        "dimensions \(dimensions) is out of range: model \(model.name) takes 1…\(width)")
    }
    let allowed = model.allowedDimensions
    guard
      allowed.isEmpty || dimensions == width || dimensions == initial
        || allowed.contains(dimensions)
    else {
      let list = allowed.map(String.init).joined(separator: ", ")
      throw EngineError(
        .invalidArgument, "model \(model.name) cannot cut to dimensions \(dimensions): only \(list)"
      )
    }
    return dimensions
  }

  /// What a prompt puts before texts, or which role it stands for where texts have roles: there
  /// `query` and `document` are the prompts, and without one a text is read as it is.
  static func reading(
    _ prompt: PromptChoice, _ model: ModelDescription
  ) throws(EngineError) -> (prefix: [UInt8], role: TextRole?) {
    let prefix = try prefix(prompt, model)
    guard model.roles != nil else { return (prefix, nil) }
    switch prompt {
    case .none: return ([], nil)
    case .modelDefault: return ([], .document)
    case .named(let name): return ([], name.elementsEqual("query".utf8) ? .query : .document)
    }
  }
}

/// What a call holds in memory.
extension CallWork {
  /// What a byte of text may take as ids and spellings: a token of two bytes takes about 60.
  private static let tokenizedBytesPerByte = 32

  /// Bytes that the call holds until it is answered: its texts, the most that the rows, weights or
  /// tokens of its results can be, and a little for each input.
  func heldBytes(_ model: ModelDescription) -> Int {
    let texts = units.reduce(0) { $0 + $1.byteCount }
    var results = 0
    if tokenizeOnly {
      results = texts * Self.tokenizedBytesPerByte
    } else {
      for unit in units {
        let (sum, overflow) = results.addingReportingOverflow(resultBytes(unit, model))
        results = overflow ? Int.max / 2 : min(sum, Int.max / 2)
      }
    }
    return texts + results + inputCount * 128
  }

  private func resultBytes(_ unit: UnitSource, _ model: ModelDescription) -> Int {
    switch request {
    case .row: model.width * 4
    case .tokens: tokensMax(unit, model) * model.tokenWidth * 4
    case .sparse: (model.sparseIDsMax ?? tokensMax(unit, model)) * 8
    }
  }

  /// Most tokens of a unit: one for each byte, but for the few characters that a normaliser makes
  /// longer, and never more than the limit.
  func tokensMax(_ unit: UnitSource, _ model: ModelDescription) -> Int {
    switch unit {
    case .ids(let ids): return min(limit.maxTokens, ids.count)
    case .refused: return 0
    case .role(let role, let text):
      guard let roles = model.roles else { return limit.maxTokens }
      let lengthMax = min(limit.maxTokens, role == .query ? roles.query : roles.document)
      return role == .query ? lengthMax : min(lengthMax, text.count + model.textMinimum)
    default:
      return min(limit.maxTokens, unit.byteCount + prefix.count + model.pairMinimum)
    }
  }
}
