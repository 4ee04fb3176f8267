/// Turns rows into results and results into the slots of an answer.
enum Answering {
  /// Our bug: a unit was lost.
  static let missing = InputResult.failed(
    EngineError(.internal, "the engine lost this input"))

  // MARK: - Rows

  /// Results of a batch. `rows` holds `[units, width]` f32 and becomes the memory of the results;
  /// `works[i]` is the call of unit i.
  static func results(
    of units: [PreparedUnit], works: [CallWork], rows: consuming [Float], model: any ServedModel
  ) -> [InputResult] {
    let width = model.description.width
    guard rows.count == units.count * width else {
      let error = EngineError(
        .internal, "a batch of \(units.count) inputs gave \(rows.count) numbers, not \(width) each")
      return units.map { _ in .failed(error) }
    }
    // All rows are finished before the first slice is taken, or the slices would force a copy.
    var best = [Int](repeating: 0, count: units.count)
    for index in units.indices {
      let range = index * width..<(index + 1) * width
      switch works[index].finish {
      case .vectors(let dimensions, let normalize):
        if normalize { model.normalize(&rows, range.prefix(dimensions)) }
      case .cosine:
        model.normalize(&rows, range)
      case .labels(let raw), .crossScore(let raw):
        best[index] = largest(rows, range)
        if !raw { model.activate(&rows, range) }
      case .tokens:
        break
      }
    }
    let finished = rows
    return units.indices.map { index in
      let start = index * width
      let value: InputResult.Value
      switch works[index].finish {
      case .vectors(let dimensions, _):
        value = .vector(finished[start..<start + dimensions])
      case .cosine:
        value = .vector(finished[start..<start + width])
      case .labels(let raw):
        let slice = finished[start..<start + width]
        value = raw ? .logits(slice, label: best[index]) : .probabilities(slice, label: best[index])
      case .crossScore:
        value = .score(finished[start])
      case .tokens:
        return missing
      }
      return checked(value, units[index])
    }
  }

  /// The result, unless a number in it is not finite.
  private static func checked(_ value: InputResult.Value, _ unit: PreparedUnit) -> InputResult {
    let isFinite: Bool
    switch value {
    case .vector(let numbers), .probabilities(let numbers, _), .logits(let numbers, _):
      isFinite = numbers.allSatisfy(\.isFinite)
    case .tokenVectors(let numbers, _), .tokenProbabilities(let numbers, _),
      .tokenLogits(let numbers, _):
      isFinite = numbers.allSatisfy(\.isFinite)
    case .sparse(_, let weights):
      isFinite = weights.allSatisfy(\.isFinite)
    case .score(let number):
      isFinite = number.isFinite
    case .tokens, .failure:
      isFinite = true
    }
    guard isFinite else {
      return .failed(
        EngineError(.internal, "the model gave a number that is not finite for this input"))
    }
    return InputResult(value: value, tokens: unit.ids.count, truncated: unit.truncated)
  }

  /// The offset of the first largest number in a range that is not empty.
  private static func largest(_ rows: [Float], _ range: Range<Int>) -> Int {
    var best = range.lowerBound
    for index in range where rows[index] > rows[best] { best = index }
    return best - range.lowerBound
  }

  /// The result of a unit that is only tokenised.
  static func tokens(_ unit: PreparedUnit, model: any ServedModel) -> InputResult {
    InputResult(
      value: .tokens(ids: unit.ids, spellings: unit.ids.map { model.spelling(of: $0) ?? [] }),
      tokens: unit.ids.count, truncated: unit.truncated)
  }

  // MARK: - Slots

  /// The slots of a call from the results of its units.
  static func slots(
    _ work: CallWork, _ units: [InputResult], model: any ServedModel
  ) -> [InputResult] {
    var slots = work.finish == .cosine ? cosines(work, units, model) : units
    for index in slots.indices {
      if case .failure(let error) = slots[index].value {
        slots[index].value = .failure(error.at(index))
      }
    }
    return slots
  }

  private static func cosines(
    _ work: CallWork, _ units: [InputResult], _ model: any ServedModel
  ) -> [InputResult] {
    work.pairs.map { pair in
      let (query, document) = (units[pair.query], units[pair.document])
      switch (query.value, document.value) {
      case (.vector(let x), .vector(let y)):
        // Rounding may carry the product of two unit vectors past 1.
        let cosine = min(1, max(-1, model.dot(x, y)))
        return InputResult(
          value: .score(cosine), tokens: query.tokens + document.tokens,
          truncated: query.truncated || document.truncated)
      case (.failure(let error), _):
        return .failed(pair.query == pair.document ? error : error.within("query"))
      case (_, .failure(let error)):
        return .failed(error.within("document"))
      default:
        return missing
      }
    }
  }
}

extension EngineError {
  /// The same error with a message that says which text of a pair it is about.
  fileprivate func within(_ part: String) -> EngineError {
    var copy = self
    copy.message = "\(part): \(message)"
    return copy
  }
}
