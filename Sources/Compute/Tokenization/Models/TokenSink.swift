/// Collects the token ids of one text, and keeps no more of them than the result can hold.
///
/// Tokens come in groups (the tokens of a word, or an added token): a model appends the ids of a
/// group, takes them back when the word turns out to be unknown, and then ends the group.
struct TokenSink {
  /// Which tokens the result can hold.
  enum Kept {
    /// The first ones of the text, at most this many.
    case first(Int)
    /// The last ones of the text, at most this many.
    case last(Int)
  }

  /// The tokens kept so far; after `finish` no more than asked for.
  private(set) var ids: [Int32] = []
  /// Tokens seen, kept or not.
  private(set) var count = 0
  /// Working memory of the model.
  var candidates: [WordPiece.Candidate] = []
  private var kept = Kept.first(0)
  private var stopAbove = Int.max
  private var groupStart = 0

  init() {}

  /// Forgets everything. The text may be left at the end of the group in which the count grows
  /// above `stopAbove`.
  mutating func start(_ kept: Kept, stopAbove: Int = .max) {
    ids.removeAll(keepingCapacity: ids.capacity <= Self.capacityMax)
    candidates.removeAll(keepingCapacity: candidates.capacity <= 4096)
    count = 0
    groupStart = 0
    self.kept = kept
    self.stopAbove = stopAbove
  }

  /// Whether nothing that follows can change the tokens that are kept.
  @inline(__always)
  var isSatisfied: Bool { count > stopAbove }

  @inline(__always)
  mutating func append(_ id: Int32) {
    ids.append(id)
  }

  /// Takes back the ids of the group that has not ended.
  mutating func takeBackGroup() {
    ids.removeLast(ids.count - groupStart)
  }

  @inline(__always)
  mutating func endGroup() {
    count += ids.count - groupStart
    switch kept {
    case .first(let most):
      if ids.count > most { ids.removeLast(ids.count - most) }
    case .last(let most):
      if ids.count / 2 - Self.slack > most { ids.removeFirst(ids.count - most) }
    }
    groupStart = ids.count
  }

  mutating func finish() {
    if case .last(let most) = kept, ids.count > most { ids.removeFirst(ids.count - most) }
  }

  /// Old tokens are dropped in bulk, so that each costs constant time.
  private static let slack = 2048
  /// Ids whose memory stays for the next text: 256 KiB.
  private static let capacityMax = 65_536
}
