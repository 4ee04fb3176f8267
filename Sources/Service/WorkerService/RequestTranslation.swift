internal import Inference
internal import NIOCore
internal import Wire

/// A wire request as the engine's task.
struct EngineRequest {
  var task: InferenceTask
  var inputs: [ModelInput]
  var limit: InputLimit
  /// Of the vectors or weights of the answer to Embed.
  var elementType = ElementType.f32

  /// - Throws: INVALID_ARGUMENT for a body that does not decode, or a wrong pairing.
  init(_ method: Wire.Method, body buffer: ByteBuffer) throws(Status) {
    let body = buffer.readableBytesSpan
    do throws(WireError) {
      switch method {
      case .embed: self.init(try EmbedRequest(decoding: body))
      case .classify: self.init(try ClassifyRequest(decoding: body))
      case .score: try self.init(ScoreRequest(decoding: body))
      case .tokenize: self.init(try TokenizeRequest(decoding: body))
      case .info, .health, .admin:
        throw WireError(.malformed, "\(method) is no call for the engine")
      }
    } catch {
      throw Status(.invalidArgument, error.message)
    }
  }

  private init(_ request: EmbedRequest) {
    task = .embed(
      EmbedOptions(
        prompt: PromptChoice(request.promptName, absent: .modelDefault),
        dimensions: request.dimensions, normalize: request.normalization.choice,
        output: Inference.EmbedOutput(request.output)))
    elementType = request.elementType
    inputs = request.inputs.map(ModelInput.init)
    limit = InputLimit(request.length)
  }

  private init(_ request: ClassifyRequest) {
    task = .classify(raw: request.isRaw)
    inputs = request.inputs.map(ModelInput.init)
    limit = InputLimit(request.length)
  }

  private init(_ request: TokenizeRequest) {
    task = .tokenize(prompt: PromptChoice(request.promptName, absent: .none))
    inputs = request.inputs.map(ModelInput.init)
    limit = InputLimit(request.length)
  }

  private init(_ request: ScoreRequest) throws(WireError) {
    let (queries, documents) = (request.queries, request.documents)
    guard queries.count == documents.count || queries.count == 1 else {
      throw WireError(
        .malformed,
        "\(queries.count) queries against \(documents.count) documents: it is one query, or one "
          + "for each document")
    }
    task = .score(
      ScoreOptions(
        raw: request.isRaw, prompt: PromptChoice(request.promptName, absent: .modelDefault),
        instruction: request.instruction))
    inputs = documents.indices.map { index in
      .pair(query: queries[queries.count == 1 ? 0 : index], document: documents[index])
    }
    limit = InputLimit(request.length)
  }
}

extension ModelInput {
  fileprivate init(_ input: Input) {
    switch input {
    case .text(let text): self = .text(text)
    // An id that no Int32 holds is in no vocabulary: the engine refuses it by its range.
    case .ids(let ids): self = .ids(ids.map { Int32(clamping: $0) })
    case .pair(let query, let document): self = .pair(query: query, document: document)
    }
  }
}

extension PromptChoice {
  fileprivate init(_ name: String?, absent: PromptChoice) {
    switch name {
    case nil: self = absent
    case "": self = .none
    case let name?: self = .named(Array(name.utf8))
    }
  }
}

extension Inference.EmbedOutput {
  fileprivate init(_ output: Wire.EmbedOutput) {
    switch output {
    case .modelDefault: self = .modelDefault
    case .vector: self = .vector
    case .tokens: self = .tokens
    case .sparse: self = .sparse
    }
  }
}

extension InputLimit {
  fileprivate init(_ options: LengthOptions) {
    let truncation: InputTruncation =
      switch options.truncation {
      case .off: .off
      case .left: .left
      case .right: .right
      }
    self.init(maxTokens: options.maxTokens, truncation: truncation)
  }
}

extension Normalization {
  fileprivate var choice: Bool? {
    switch self {
    case .modelDefault: nil
    case .on: true
    case .off: false
    }
  }
}
