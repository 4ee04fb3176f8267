/// A text. Equal texts have one identity.
package struct SimulatedText: Sendable {
  package enum Kind: Sendable {
    case plain
    /// A worker that computes it dies.
    case poison
    /// Every worker refuses a piece with it.
    case invalid
  }

  package var identity: Int
  package var byteCount: Int
  /// Nanoseconds of one thread of a worker of speed 1.
  package var cost: Int64
  package var kind = Kind.plain

  package init(identity: Int, byteCount: Int, truth: ComputeTruth, kind: Kind = .plain) {
    self.identity = identity
    self.byteCount = byteCount
    self.kind = kind
    cost = truth.cost(byteCount: byteCount)
  }
}

/// What a model's texts really cost.
package struct ComputeTruth: Sendable {
  package var tokenNanoseconds = 50_000.0
  package var squaredTokenNanoseconds = 40.0
  package var tokensPerByte = 0.25

  package init() {}

  func cost(byteCount: Int) -> Int64 {
    let tokens = Double(byteCount) * tokensPerByte + 2
    return max(1, Int64(tokens * (tokenNanoseconds + tokens * squaredTokenNanoseconds)))
  }
}

/// A result: which input's, and by a worker of which fingerprint.
package struct Value: Sendable, Hashable {
  package var input: Int
  package var fingerprint: String
  /// The worker dropped the input: its deadline had passed.
  package var isExpired = false
}
