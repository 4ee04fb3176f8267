package import Kernels

/// The part of a model from token ids to hidden states. One file for each family.
///
/// The hidden states of an input depend on that input alone: not on the others of its batch, nor
/// on its place among them: the same bits.
package protocol Backbone: Sendable {
  /// Columns of the hidden states.
  var hiddenSize: Int { get }
  /// Ids are 0..<vocabularySize.
  var vocabularySize: Int { get }
  /// The most tokens that an input can have.
  var positionCount: Int { get }
  /// 2 where an input can have a second segment, else 1.
  var segmentCount: Int { get }

  /// The working memory of one thread for batches within `limits`. Throws `.outOfMemory`.
  func makeScratch(_ limits: BatchCapacity) throws(ModelError) -> any BackboneScratch

  /// Computes the last hidden states of a batch into `scratch.hidden`, one row a token.
  ///
  /// `scratch` was made by this backbone, and the batch was checked against it and the properties
  /// above. Blocks for the whole computation; does not allocate. Between layers it asks the
  /// scratch's checkpoint; false when that gave the batch up.
  func forward(_ batch: RaggedBatch, scratch: any BackboneScratch) -> Bool
}

/// The working memory of a backbone for one thread.
package protocol BackboneScratch: AnyObject {
  /// The hidden states, `[tokensMax, hiddenSize]`; valid after `forward` for as many rows as the
  /// batch had tokens.
  var hidden: Matrix { get set }
  /// The working memory of the operations.
  var operations: Scratch { get }
}

extension BackboneScratch {
  /// Whether the next layer is to be computed.
  var goesOn: Bool { operations.checkpoint?() ?? true }
}

/// The largest batch that a scratch is made for.
package struct BatchCapacity: Sendable, Equatable {
  /// Tokens of all inputs.
  package var tokensMax: Int
  /// Number of inputs.
  package var inputsMax: Int
  /// Tokens of one input.
  package var inputTokensMax: Int

  /// All limits are at least 1.
  package init(tokensMax: Int, inputsMax: Int, inputTokensMax: Int) {
    self.tokensMax = tokensMax
    self.inputsMax = inputsMax
    self.inputTokensMax = inputTokensMax
  }
}
