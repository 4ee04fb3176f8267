internal import NIOCore
internal import Wire

extension MillpondClient {
  /// Texts as vectors.
  ///
  /// - Throws: what failed the whole call; an input's own error is in its slot of the answer.
  public func embed(
    _ inputs: [Input], options: EmbedOptions = EmbedOptions(),
    call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> Answer<Embedding> {
    let request = EmbedRequest(
      inputs: inputs.map(\.wire), length: call.length, promptName: options.prompt,
      dimensions: options.dimensions, normalization: options.normalization)
    let parts = try await perform(
      .embed, body: request.encoded(), inputCount: inputs.count,
      textByteCount: inputs.textByteCount, options: call)
    return try answer(parts, inputCount: inputs.count) { (part) throws(WireError) in
      try EmbedResponse(decoding: part.body.readableBytesSpan).results.map { result in
        slot(result.outcome) { bytes in
          Embedding(
            vector: floats(bytes), tokenCount: result.tokenCount, isTruncated: result.isTruncated)
        }
      }
    }
  }

  /// Texts, or pairs, as a value for each label.
  ///
  /// - Parameter raw: logits in place of probabilities.
  /// - Throws: what failed the whole call; an input's own error is in its slot of the answer.
  public func classify(
    _ inputs: [Input], raw: Bool = false, call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> Answer<Classification> {
    let request = ClassifyRequest(inputs: inputs.map(\.wire), length: call.length, isRaw: raw)
    let parts = try await perform(
      .classify, body: request.encoded(), inputCount: inputs.count,
      textByteCount: inputs.textByteCount, options: call)
    return try answer(parts, inputCount: inputs.count) { (part) throws(WireError) in
      let response = try ClassifyResponse(decoding: part.body.readableBytesSpan)
      return response.results.map { result in
        slot(result.outcome) { bytes in
          Classification(
            labels: response.labels, values: floats(bytes), tokenCount: result.tokenCount,
            isTruncated: result.isTruncated)
        }
      }
    }
  }

  /// How well each document answers the query; `queries` holds one, or one for each document.
  ///
  /// - Parameters:
  ///   - raw: the value before the last activation; a cosine stays as it is.
  ///   - prompt: of queries and documents on an embedding model; nil is none.
  ///   - instruction: what the model's score template is told to look for, in UTF-8; nil leaves its
  ///     own. A model without a template refuses the call.
  /// - Throws: what failed the whole call; a document's own error is in its slot of the answer.
  public func score(
    queries: [[UInt8]], documents: [[UInt8]], raw: Bool = false, prompt: String? = nil,
    instruction: [UInt8]? = nil, call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> Answer<Score> {
    let request = ScoreRequest(
      queries: queries, documents: documents, length: call.length, isRaw: raw, promptName: prompt,
      instruction: instruction)
    let textByteCount =
      (queries + documents).reduce(0) { $0 + $1.count } + (instruction?.count ?? 0)
    let parts = try await perform(
      .score, body: request.encoded(), inputCount: documents.count, textByteCount: textByteCount,
      options: call)
    return try answer(parts, inputCount: documents.count) { (part) throws(WireError) in
      try ScoreResponse(decoding: part.body.readableBytesSpan).results.map { result in
        slot(result.outcome) { value in
          Score(value: value, tokenCount: result.tokenCount, isTruncated: result.isTruncated)
        }
      }
    }
  }

  /// How well each document answers one query.
  public func score(
    query: String, documents: [String], call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> Answer<Score> {
    try await score(
      queries: [Array(query.utf8)], documents: documents.map { Array($0.utf8) }, call: call)
  }

  /// Texts as token ids. Never refuses for length; with truncation it shows what would run.
  public func tokenize(
    _ inputs: [Input], prompt: String? = nil, call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> Answer<Tokenization> {
    let request = TokenizeRequest(
      inputs: inputs.map(\.wire), length: call.length, promptName: prompt)
    let parts = try await perform(
      .tokenize, body: request.encoded(), inputCount: inputs.count,
      textByteCount: inputs.textByteCount, options: call)
    return try answer(parts, inputCount: inputs.count) { (part) throws(WireError) in
      try TokenizeResponse(decoding: part.body.readableBytesSpan).results.map { result in
        slot(result.outcome) { tokens in
          Tokenization(
            ids: tokens.ids, spellings: tokens.spellings, isTruncated: result.isTruncated)
        }
      }
    }
  }

  /// What the server serves.
  public func info(call: CallOptions = CallOptions()) async throws(MillpondError) -> ServerInfo {
    let parts = try await perform(
      .info, body: [], inputCount: 0, textByteCount: 0, options: call)
    do throws(WireError) {
      return ServerInfo(try InfoResponse(decoding: parts.joinedBody.readableBytesSpan))
    } catch {
      throw MillpondError(error)
    }
  }

  /// Whether the server lives, is ready and makes progress.
  public func health(
    call: CallOptions = CallOptions()
  ) async throws(MillpondError) -> ServerHealth {
    let parts = try await perform(
      .health, body: [], inputCount: 0, textByteCount: 0, options: call)
    do throws(WireError) {
      return ServerHealth(try HealthResponse(decoding: parts.joinedBody.readableBytesSpan))
    } catch {
      throw MillpondError(error)
    }
  }
}

/// Puts the parts' slots in input order. A slot that no part holds is an internal error.
private func answer<Value: Sendable>(
  _ parts: [AnswerPart], inputCount: Int,
  decode: (AnswerPart) throws(WireError) -> [Result<Value, MillpondError>]
) throws(MillpondError) -> Answer<Value> {
  let missing = MillpondError(.internal, "the server's answer has no slot for this input")
  var answer = Answer<Value>(
    results: Array(repeating: .failure(missing), count: inputCount),
    fingerprint: parts.last?.head.fingerprint ?? "",
    timings: ServerTimings(parts.last?.head.timings ?? Timings()))
  for part in parts where !part.head.inputs.isEmpty {
    do throws(WireError) {
      let slots = try decode(part)
      let range = part.head.inputs
      guard range.upperBound <= inputCount, slots.count == range.count else {
        throw WireError(
          .malformed, "\(slots.count) slots for inputs \(range) of \(inputCount)")
      }
      answer.results.replaceSubrange(range, with: slots)
    } catch {
      throw MillpondError(error)
    }
  }
  return answer
}

private func slot<Wired, Value>(
  _ outcome: Outcome<Wired>, _ convert: (Wired) -> Value
) -> Result<Value, MillpondError> {
  switch outcome {
  case .value(let value): .success(convert(value))
  case .error(let status): .failure(MillpondError(status))
  }
}

/// Little-endian f32 bytes as numbers.
private func floats(_ bytes: [UInt8]) -> [Float] {
  bytes.withUnsafeBytes { buffer in
    (0..<(buffer.count / 4)).map { index in
      Float(
        bitPattern: UInt32(
          littleEndian: buffer.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
    }
  }
}

extension ServerTimings {
  fileprivate init(_ wire: Timings) {
    queue = .microseconds(Int64(clamping: wire.queueMicroseconds))
    tokenize = .microseconds(Int64(clamping: wire.tokenizeMicroseconds))
    compute = .microseconds(Int64(clamping: wire.computeMicroseconds))
    total = .microseconds(Int64(clamping: wire.totalMicroseconds))
  }
}

extension [Input] {
  fileprivate var textByteCount: Int { reduce(0) { $0 + $1.wire.byteCount } }
}

extension [AnswerPart] {
  fileprivate var joinedBody: ByteBuffer {
    var joined = ByteBuffer()
    for part in self { joined.writeImmutableBuffer(part.body) }
    return joined
  }
}
