/// Turns rows into results and results into the slots of an answer.
enum Answering {
  /// Our bug: a unit was lost.
  static let missing = InputResult.failed(
    EngineError(.internal, "the engine lost this input"))

  // MARK: - Rows

  /// Results of a batch. The values of `output` become the memory of the results; `works[i]` is the
  /// call of unit i.
  static func results(
    of units: [PreparedUnit], works: [CallWork], output: consuming BatchOutput,
    model: any ServedModel
  ) -> [InputResult] {
    guard output.units.count == units.count, output.isWithinBounds else {
      let error = EngineError(
        .internal, "a batch of \(units.count) inputs gave \(output.units.count) results")
      return units.map { _ in .failed(error) }
    }
    var places = output.units
    var values = output.values
    // The memory is this function's alone now, so that it is changed in place.
    output.values = []
    // All rows are finished before the first slice is taken, or the slices would force a copy.
    var best = [Int](repeating: 0, count: units.count)
    for index in units.indices {
      guard case .rows(let range, let count) = places[index], !range.isEmpty else { continue }
      switch works[index].finish {
      case .vectors(let dimensions, let normalize):
        if normalize { model.normalize(&values, range.prefix(dimensions)) }
        places[index] = .rows(range.prefix(dimensions), count: 1)
      case .tokenVectors(let dimensions, let normalize):
        let cut = values.cutRows(range, count: count, to: dimensions)
        if normalize { values.eachRow(cut, count: count) { model.normalize(&$0, $1) } }
        places[index] = .rows(cut, count: count)
      case .cosine:
        let cut = range.prefix(model.description.defaultDimensions ?? range.count)
        model.normalize(&values, cut)
        places[index] = .rows(cut, count: 1)
      case .maxSim:
        if model.description.normalizesTokens {
          values.eachRow(range, count: count) { model.normalize(&$0, $1) }
        }
      case .labels(let raw), .crossScore(let raw):
        best[index] = largest(values, range)
        if !raw { model.activate(&values, range) }
      case .tokenLabels(let raw):
        if !raw { values.eachRow(range, count: count) { model.activate(&$0, $1) } }
      case .sparse, .sparseProduct, .tokens:
        break
      }
    }
    let finished = values
    return units.indices.map { index in
      let finish = works[index].finish
      guard let value = value(of: places[index], finish, finished, best: best[index]) else {
        return missing
      }
      return checked(value, units[index])
    }
  }

  /// The value of a unit in its finished place, nil where the model gave another kind.
  private static func value(
    of place: UnitOutput, _ finish: CallWork.Finish, _ values: [Float], best: Int
  ) -> InputResult.Value? {
    switch (place, finish) {
    case (.rows(let range, _), .vectors), (.rows(let range, _), .cosine): .vector(values[range])
    case (.rows(let range, let count), .tokenVectors), (.rows(let range, let count), .maxSim):
      .tokenVectors(values[range], rows: count)
    case (.rows(let range, _), .labels(true)): .logits(values[range], label: best)
    case (.rows(let range, _), .labels(false)): .probabilities(values[range], label: best)
    case (.rows(let range, let count), .tokenLabels(true)):
      .tokenLogits(values[range], rows: count)
    case (.rows(let range, let count), .tokenLabels(false)):
      .tokenProbabilities(values[range], rows: count)
    case (.rows(let range, _), .crossScore): values[range].first.map { .score($0) }
    case (.sparse(let ids, let weights), .sparse), (.sparse(let ids, let weights), .sparseProduct):
      .sparse(ids: ids, weights: weights)
    default: nil
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

  /// The slots of a call from the results of its units. `pulse` is the calling thread's.
  static func slots(
    _ work: CallWork, _ units: [InputResult], model: any ServedModel, pulse: Pulse? = nil
  ) -> [InputResult] {
    var slots = work.finish.comparesUnits ? comparisons(work, units, model, pulse) : units
    for index in slots.indices {
      if case .failure(let error) = slots[index].value {
        slots[index].value = .failure(error.at(index))
      }
    }
    return slots
  }

  /// The results of all pairs; equal pairs are compared once.
  private static func comparisons(
    _ work: CallWork, _ units: [InputResult], _ model: any ServedModel, _ pulse: Pulse?
  ) -> [InputResult] {
    var known: [CallWork.ComparedPair: InputResult] = [:]
    return work.pairs.map { pair in
      if let result = known[pair] { return result }
      let result = comparison(pair, units, model, pulse)
      known[pair] = result
      return result
    }
  }

  /// No machine takes longer for a multiplication: 2 ns.
  private static let multiplicationNanosecondsMax = 2

  private static func comparison(
    _ pair: CallWork.ComparedPair, _ units: [InputResult], _ model: any ServedModel,
    _ pulse: Pulse?
  ) -> InputResult {
    let (query, document) = (units[pair.query], units[pair.document])
    let score: Float
    switch (query.value, document.value) {
    case (.vector(let x), .vector(let y)):
      // Rounding may carry the product of two unit vectors past 1.
      score = min(1, max(-1, model.dot(x, y)))
    case (.tokenVectors(let x, let xRows), .tokenVectors(let y, let yRows)):
      pulse?.beat(allowing: UInt64(x.count * yRows * multiplicationNanosecondsMax))
      score = Comparison.maxSim(x, rows: xRows, y, rows: yRows, model: model)
    case (.sparse(let ids, let weights), .sparse(let otherIDs, let otherWeights)):
      score = Comparison.product(ids, weights, otherIDs, otherWeights)
    case (.failure(let error), _):
      return .failed(pair.query == pair.document ? error : error.within("query"))
    case (_, .failure(let error)):
      return .failed(error.within("document"))
    default:
      return missing
    }
    guard score.isFinite else {
      return .failed(
        EngineError(.internal, "the score of this input is a number that is not finite"))
    }
    return InputResult(
      value: .score(score), tokens: query.tokens + document.tokens,
      truncated: query.truncated || document.truncated)
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
