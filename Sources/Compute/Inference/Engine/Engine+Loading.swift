internal import CPlatform
internal import Kernels
internal import ModelFiles
internal import Models
internal import Resolution
internal import Tokenization

extension Engine {
  /// Raised with every change of our code that may change a result.
  ///
  /// 2: products of packed weights sum in one chain; classifiers of decoders pass over pad tokens;
  /// a cross-encoder's own activation counts before `problem_type`.
  private static let numericsVersion = 5

  /// Loads a model directory: reads its metadata, decides the plan, maps and checks the weights.
  /// No thread is started yet. Blocks. Throws `.startUp` naming file and key, tensor or setting.
  package convenience init(configuration: EngineConfiguration) throws(EngineError) {
    let table = try Self.starting { () throws(KernelsError) in
      try KernelTable(named: configuration.instructionSet)
    }
    let directory = try Self.starting { () throws(ModelFilesError) in
      try ModelDirectory(path: configuration.modelDirectory)
    }
    let plan = try Self.starting { () throws(ResolutionError) in
      try Resolution.resolve(directory, overrides: configuration.overrides)
    }
    let tokenizer = try Self.starting { () throws(TokenizationError) in
      try Tokenizer(directory.tokenizerFile, fileName: directory.tokenizerPath)
    }
    let hash = try Self.starting { () throws(ModelFilesError) in
      try modelHash(
        of: directory, cache: WeightHashCache(directory: configuration.cacheDirectory))
    }
    let fingerprint = "\(hash)-\(Self.numerics(configuration, plan, table))"
    let packs = Self.packs(configuration, fingerprint)
    let loaded = try Self.starting { () throws(ModelError) in
      try LoadedModel.load(
        plan: plan, directory: directory, precision: configuration.precision, table: table,
        packs: packs)
    }
    let model = try LoadedServedModel(
      name: configuration.name, loaded: loaded, tokenizer: tokenizer, table: table,
      tokenizerPath: directory.tokenizerPath,
      wording: try Self.wording(configuration, plan, tokenizer, directory))
    let threadCount = configuration.threadCount ?? Int(cp_usable_cpus())
    let limits = try configuration.limits(
      threadCount: threadCount, maxTokens: model.description.maxTokens)
    let info = EngineInfo(
      name: configuration.name,
      fingerprint: fingerprint, model: model.description,
      architecture: plan.architecture, precision: configuration.precision.rawValue,
      instructionSet: table.instructionSet.rawValue, threadCount: threadCount,
      parameterCount: plan.parameterCount, packsRefusal: Self.refusal(configuration, packs))
    self.init(
      model: model, info: info, limits: limits,
      tokenizerThreadCount: configuration.tokenizerThreadCount)
  }

  private static func packs(
    _ configuration: EngineConfiguration, _ fingerprint: String
  ) -> PackStore {
    guard let directory = configuration.cacheDirectory else {
      return PackStore(reason: "no folder is given to keep them in")
    }
    return PackStore(
      directory: directory, key: "\(fingerprint) \(PackedShape.layoutVersion)")
  }

  private static func refusal(
    _ configuration: EngineConfiguration, _ packs: PackStore
  ) -> String? {
    guard configuration.cacheDirectory != nil, case .memory(let reason) = packs.origin else {
      return nil
    }
    return reason
  }

  /// The numeric part of the fingerprint: precision, kernel family, version, and what overrides
  /// change.
  static func numerics(
    _ configuration: EngineConfiguration, _ plan: ModelPlan, _ table: KernelTable
  ) -> String {
    let overrides = configuration.overrides.canonicalText
    let parts: [String?] = [
      configuration.precision.rawValue, table.family(of: configuration.precision),
      String(numericsVersion),
      // A card is no part of the model's hash, but what was recognised by it decides results.
      plan.checkpoint,
      overrides.isEmpty ? nil : "overrides-\(textHash(overrides).prefix(16))",
    ]
    return parts.compactMap(\.self).joined(separator: ".")
  }

  /// What the plan makes of texts around what they say. Throws `.startUp` for a score template that
  /// the tokenizer gives no tokens for.
  static func wording(
    _ configuration: EngineConfiguration, _ plan: ModelPlan, _ tokenizer: Tokenizer,
    _ directory: ModelDirectory
  ) throws(EngineError) -> PairWording {
    let special = SpecialTokenScan(directory.tokenizerFile)
    let isStrict = configuration.overrides.readsSpecialTokens != true
    let prompt = try plan.scoreTemplate.map { (template) throws(EngineError) in
      try ScorePrompt(template, tokenizer, scan: isStrict ? special : nil)
    }
    return PairWording(
      prompt: prompt, poolsPrompts: plan.promptsArePooled, specialTokens: special)
  }

  /// Bytes of the process's memory that are resident, mapped weights included.
  package static var residentBytes: UInt64 { cp_resident_bytes() }

  /// Gives what `body` makes, and its errors as start-up errors: their messages name the culprit.
  static func starting<Value, Failure: Error & CustomStringConvertible>(
    _ body: () throws(Failure) -> Value
  ) throws(EngineError) -> Value {
    do {
      return try body()
    } catch {
      throw EngineError(.startUp, error.description)
    }
  }
}
