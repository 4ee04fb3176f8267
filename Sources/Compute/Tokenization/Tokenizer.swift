internal import Synchronization

/// Turns texts into token ids, as a Hugging Face tokenizer.json describes it.
///
/// The ids are those of the `tokenizers` library 0.23.3. Immutable: one tokenizer serves any number
/// of threads at once; each thread brings its own `TokenizerScratch`. The file's `truncation`,
/// `padding` and `decoder` blocks are ignored: length is the caller's decision.
package struct Tokenizer: Sendable {
  /// What to do with an input that has more tokens than the limit.
  package enum Truncation: Sendable, Hashable {
    /// Refuse it (`.tooLong`).
    case off
    /// Cut the end of the text.
    case right
    /// Cut the beginning of the text.
    case left
  }

  /// Which text of a pair is cut, as in the library's `longest_first`, `only_first` and
  /// `only_second`.
  package enum Strategy: Sendable, Hashable {
    /// The longer one first.
    case longestFirst
    case onlyFirst
    case onlySecond
  }

  /// How long an input may be.
  package struct Limit: Sendable, Hashable {
    /// The greatest number of tokens, special tokens included.
    package var maxTokens: Int
    /// What to do beyond it.
    package var truncation: Truncation
    /// Which text of a pair is cut.
    package var strategy: Strategy

    /// A limit from its parts.
    package init(
      maxTokens: Int, truncation: Truncation, strategy: Strategy = .longestFirst
    ) {
      self.maxTokens = maxTokens
      self.truncation = truncation
      self.strategy = strategy
    }

    /// No limit at all.
    package static let none = Limit(maxTokens: .max, truncation: .off)
  }

  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let model: Model
  let postProcessor: PostProcessor
  let addedTokens: AddedVocabulary
  /// A number that no other tokenizer of the process has.
  let identity = Tokenizer.nextIdentity.add(1, ordering: .relaxed).newValue

  private static let nextIdentity = Atomic<UInt64>(0)

  /// The number of token spellings, added tokens included.
  package var vocabularySize: Int { model.vocabulary.count + addedTokens.newCount }

  /// The greatest id that a text may get, -1 where there is none.
  package var greatestID: Int32 {
    max(model.vocabulary.greatestID ?? -1, addedTokens.greatestID ?? -1)
  }

  /// Special tokens that are added to a single text.
  package var singleSpecialTokenCount: Int { postProcessor.single.specialCount }

  /// Special tokens that are added to a pair; nil where the tokenizer has no usable pair template.
  package var pairSpecialTokenCount: Int? { try? postProcessor.pair.get().specialCount }

  /// The spelling of an id in the vocabulary (of an added token, its content), nil if there is
  /// none.
  package func token(_ id: Int32) -> [UInt8]? {
    addedTokens.content(of: id) ?? model.vocabulary.spelling(of: id)
  }

  /// The id of a spelling, added tokens first, nil if it is not in the vocabulary.
  package func id(of token: [UInt8]) -> Int32? {
    addedTokens.id(of: token) ?? model.vocabulary.id(of: token)
  }
}

/// Working memory for tokenizing, kept from text to text; one for each thread. Holds no result.
package struct TokenizerScratch: ~Copyable, Sendable {
  var memory = StageMemory()
  var first = TokenSink()
  var second = TokenSink()

  /// Empty working memory: a few KiB. It grows to at most about 1 MiB, with a BPE or Unigram model
  /// that remembers words 3 MiB; what an unusually long text makes it grow beyond that is given
  /// back by the next text at the latest.
  package init() {}
}
