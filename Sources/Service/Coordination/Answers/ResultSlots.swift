internal import Wire

/// A result of some method, as far as joining answers needs it.
protocol JoinableResult: Sendable {
  /// About what it takes in a frame, in bytes.
  var byteCount: Int { get }
  var tokenCount: Int { get }

  /// A failed input.
  init(error: Status)

  /// An error in it names this input of the call in place of the piece's.
  mutating func renumber(_ input: Int)
}

/// A slot for each input of a call, filled in any order.
struct ResultSlots<Result: JoinableResult>: Sendable {
  private var results: [Result?]
  /// About what the slots that are filled take in frames, in bytes.
  private(set) var byteCount = 0

  init(count: Int) {
    results = Array(repeating: nil, count: count)
  }

  var count: Int { results.count }

  /// Tokens in all slots.
  var tokenCount: Int { results.reduce(0) { $0 + ($1?.tokenCount ?? 0) } }

  /// - Parameter inputs: the slot of each result.
  /// - Throws: `.malformed` for another number of results.
  mutating func place(_ placed: [Result], at inputs: ArraySlice<Int>) throws(WireError) {
    guard placed.count == inputs.count else {
      throw WireError(
        .malformed, "a worker answered \(placed.count) slots for \(inputs.count) inputs")
    }
    for (var result, input) in zip(placed, inputs) {
      result.renumber(input)
      byteCount += result.byteCount
      results[input] = result
    }
  }

  /// What stands in a slot, or nil.
  subscript(input: Int) -> Result? { results.indices.contains(input) ? results[input] : nil }

  mutating func place(_ result: Result, at input: Int) {
    var result = result
    result.renumber(input)
    byteCount += result.byteCount
    results[input] = result
  }

  /// Puts the same error into some slots.
  mutating func fail(_ inputs: [Int], _ status: Status) {
    for input in inputs {
      var result = Result(error: status)
      result.renumber(input)
      byteCount += result.byteCount
      results[input] = result
    }
  }

  /// The slots in input order, in runs of about so many bytes: one by one would be many frames, all
  /// at once too large a one.
  ///
  /// - Returns: nil unless every slot is filled.
  func parts(
    _ byteCountTarget: Int, _ encode: ([Result]) -> [UInt8]
  ) -> [(inputs: Range<Int>, body: [UInt8])]? {
    var parts: [(inputs: Range<Int>, body: [UInt8])] = []
    var run: [Result] = []
    var runByteCount = 0
    for (index, slot) in results.enumerated() {
      guard let slot else { return nil }
      run.append(slot)
      runByteCount += slot.byteCount
      guard runByteCount >= byteCountTarget || index == results.count - 1 else { continue }
      parts.append((index + 1 - run.count..<index + 1, encode(run)))
      run = []
      runByteCount = 0
    }
    return parts
  }
}

extension EmbedResult: JoinableResult {
  var byteCount: Int { outcome.byteCount(\.byteCount) }

  init(error: Status) { self.init(outcome: .error(error)) }

  mutating func renumber(_ input: Int) { outcome = outcome.renumbered(input) }
}

extension ClassifyResult: JoinableResult {
  var byteCount: Int { outcome.byteCount(\.byteCount) }

  init(error: Status) { self.init(outcome: .error(error)) }

  mutating func renumber(_ input: Int) { outcome = outcome.renumbered(input) }
}

extension ScoreResult: JoinableResult {
  var byteCount: Int { outcome.byteCount { _ in 0 } }

  init(error: Status) { self.init(outcome: .error(error)) }

  mutating func renumber(_ input: Int) { outcome = outcome.renumbered(input) }
}

extension TokenizeResult: JoinableResult {
  var byteCount: Int {
    outcome.byteCount { tokens in
      tokens.spellings.reduce(tokens.ids.count * 5) { $0 + $1.count + 2 }
    }
  }

  /// Tokenize costs too little to learn from.
  var tokenCount: Int { 0 }

  init(error: Status) { self.init(outcome: .error(error)) }

  mutating func renumber(_ input: Int) { outcome = outcome.renumbered(input) }
}

extension Outcome {
  /// About what the outcome and its slot take in a frame.
  fileprivate func byteCount(_ count: (Value) -> Int) -> Int {
    switch self {
    case .value(let value): count(value) + 16
    case .error(let status): status.message.utf8.count + 32
    }
  }

  /// The same outcome; an error names the call's input in place of the piece's.
  fileprivate func renumbered(_ input: Int) -> Outcome {
    guard case .error(var status) = self else { return self }
    status.inputIndex = input
    return .error(status)
  }
}
