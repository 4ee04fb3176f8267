internal import Kernels
internal import Models
internal import Resolution
internal import Tokenization

/// A model directory as the engine serves it: its tokenizer, and its weights with their head.
struct LoadedServedModel: ServedModel {
  let description: ModelDescription
  private let loaded: LoadedModel
  private let tokenizer: Tokenizer
  private let table: KernelTable
  private let wording: PairWording

  /// Joins a model with its tokenizer. Throws `.startUp` where the tokenizer gives an id that the
  /// model has no embedding for, and for a score template that it cannot tokenise.
  init(
    name: String, loaded: LoadedModel, tokenizer: Tokenizer, table: KernelTable,
    tokenizerPath: String, wording: PairWording = PairWording()
  ) throws(EngineError) {
    self.wording = wording
    self.loaded = loaded
    self.tokenizer = tokenizer
    self.table = table
    var description = Self.describe(name, loaded, tokenizer)
    if let template = loaded.plan.scoreTemplate, let prompt = wording.prompt {
      description.pairTemplate = .init(
        takesInstruction: template.takesInstruction, needsInstruction: template.needsInstruction)
      description.pairMinimum = prompt.minimum
    }
    self.description = description
    guard tokenizer.greatestID < loaded.vocabularySize else {
      throw EngineError(
        .startUp,
        "\(tokenizerPath): token id \(tokenizer.greatestID) has no embedding: config.json says "
          + "vocab_size \(loaded.vocabularySize)")
    }
  }

  private static func describe(
    _ name: String, _ loaded: LoadedModel, _ tokenizer: Tokenizer
  ) -> ModelDescription {
    let plan = loaded.plan
    let textMinimum = max(1, tokenizer.singleSpecialTokenCount)
    let score: ModelDescription.Score =
      switch plan.score {
      case .cosine: .cosine
      case .crossEncoder: .crossEncoder
      case .lateInteraction: .lateInteraction
      case .sparse: .sparse
      case .none: .none(reason: plan.scoreRefusal ?? "its score is none")
      }
    let activation: ModelDescription.Activation =
      switch plan.activation {
      case .identity: .identity
      case .sigmoid: .sigmoid
      case .softmax: .softmax
      }
    var description = ModelDescription(
      name: name, task: task(plan.task), score: score,
      activation: activation, width: loaded.outputWidth, labels: plan.labels,
      normalize: plan.normalize, maxTokens: min(plan.maxTokens, loaded.positionCount),
      textMinimum: textMinimum,
      pairMinimum: max(1, tokenizer.pairSpecialTokenCount ?? textMinimum),
      vocabularySize: loaded.vocabularySize, prompts: plan.prompts,
      defaultPrompt: plan.defaultPrompt, outputs: plan.outputs.map(output))
    description.defaultDimensions = plan.defaultDimensions
    description.allowedDimensions = plan.allowedDimensions
    description.tokenWidth = loaded.tokenWidth
    // Vectors that are made to be compared; hidden states are given as they are.
    description.normalizesTokens =
      plan.normalize && (plan.task == .tokenEmbed || !plan.tokenTensors.maps.isEmpty)
    if case .languageModel = plan.sparse { description.sparseIDsMax = loaded.vocabularySize }
    description.roles = plan.interaction.map {
      RoleLengths(query: $0.query.lengthMax, document: $0.document.lengthMax)
    }
    if plan.task == .tokenClassify, case .step(let id, let spelling) = plan.tokenRows {
      description.stepToken = StepToken(id: id, spelling: spelling)
    }
    // The marker of a role.
    if plan.interaction != nil { description.textMinimum += 1 }
    return description
  }

  private static func task(_ task: Task) -> ModelDescription.Task {
    switch task {
    case .embed: .embed
    case .classify: .classify
    case .tokenEmbed: .tokenEmbed
    case .tokenClassify: .tokenClassify
    }
  }

  private static func output(_ output: EmbeddingOutput) -> EmbedOutput {
    switch output {
    case .vector: .vector
    case .tokens: .tokens
    case .sparse: .sparse
    }
  }

  func makeEncoder() -> any UnitEncoder {
    TextEncoder(
      tokenizer: tokenizer, vocabularySize: loaded.vocabularySize,
      interaction: loaded.plan.interaction, wording: wording)
  }

  func spelling(of id: Int32) -> [UInt8]? { tokenizer.token(id) }

  func normalize(_ rows: inout [Float], _ range: Range<Int>) {
    rows.withUnsafeMutableBufferPointer { rows in
      var row = rows.extracting(range).mutableSpan
      table.normalize(&row)
    }
  }

  func activate(_ rows: inout [Float], _ range: Range<Int>) {
    rows.withUnsafeMutableBufferPointer { rows in
      var row = rows.extracting(range).mutableSpan
      switch description.activation {
      case .identity: break
      case .sigmoid: table.sigmoid(&row)
      case .softmax: table.softmax(&row)
      }
    }
  }

  func dot(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Float {
    table.dot(x.span, y.span)
  }

  func makeWorkspace(
    tokensMax: Int, unitsMax: Int, pulse: @escaping () -> Void
  ) throws(EngineError) -> any ModelWorkspace {
    do throws(ModelError) {
      let scratch = try loaded.makeScratch(tokensMax: tokensMax, inputsMax: unitsMax)
      scratch.pulse = pulse
      return Workspace(loaded: loaded, scratch: scratch)
    } catch {
      throw EngineError(.startUp, error.message)
    }
  }

  /// A loaded model with the scratch of one thread.
  private final class Workspace: ModelWorkspace {
    private let loaded: LoadedModel
    private let scratch: ModelScratch
    private var batch = RaggedBatch()

    init(loaded: LoadedModel, scratch: ModelScratch) {
      self.loaded = loaded
      self.scratch = scratch
    }

    func assist(_ team: Team, leaves: () -> Bool) { scratch.assist(team, leaves: leaves) }

    func forward(
      _ units: [PreparedUnit], team: Team?, checkpoint: (() -> Bool)?
    ) throws(EngineError) -> BatchOutput {
      scratch.team = team
      scratch.checkpoint = checkpoint
      defer { scratch.checkpoint = nil }
      batch.removeAll()
      // A model without segment embeddings, or without types, reads a pair as one segment.
      let hasSegments = loaded.segmentCount > 1 && loaded.plan.tokenizerOptions.givesTypes
      for unit in units {
        batch.append(
          unit.ids, segmentStart: hasSegments ? unit.segmentStart : nil, keyCount: unit.keyCount,
          pooledStart: unit.pooledStart)
      }
      // The rows become the memory of the results, so each batch has its own.
      var values: [Float] = []
      do throws(ModelError) {
        let places = try loaded.forward(
          batch, requests: units.map(request), scratch: scratch, into: &values)
        return BatchOutput(values: values, units: places.map(UnitOutput.init))
      } catch {
        throw EngineError(error.code == .givenUp ? .cancelled : .internal, error.message)
      }
    }

    /// What is asked of the model for a unit, with the tokens that have rows.
    private func request(_ unit: PreparedUnit) -> OutputRequest {
      switch unit.request {
      case .row: return .row
      case .sparse: return .sparse
      case .tokens: break
      }
      let plan = loaded.plan
      let all = unit.ids.indices
      if plan.task == .tokenClassify, case .step(let id, _) = plan.tokenRows {
        return .tokens(all.filter { unit.ids[$0] == id })
      }
      if plan.task == .embed, !plan.tokenTensors.maps.isEmpty {
        // bge-m3's vectors of tokens begin behind the first.
        return .tokens(Array(all.dropFirst()))
      }
      guard unit.isDocument, let skipped = plan.interaction?.skippedIDs else {
        return .tokens(Array(all))
      }
      return .tokens(all.filter { !skipped.contains(unit.ids[$0]) })
    }
  }
}

extension UnitOutput {
  fileprivate init(_ place: OutputPlace) {
    switch place {
    case .rows(let range, let count): self = .rows(range, count: count)
    case .sparse(let ids, let weights): self = .sparse(ids: ids, weights: weights)
    }
  }
}
