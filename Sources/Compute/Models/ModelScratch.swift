package import Kernels

/// The working memory of one compute thread for one model. Made by `LoadedModel.makeScratch`;
/// never shared between threads.
package final class ModelScratch {
  /// The largest batch that it can hold.
  package let limits: BatchCapacity
  let backbone: any BackboneScratch
  /// Pooled rows on their way through a head, `[inputsMax, widest]`; empty where there is none.
  var pooled: [Float]
  /// The same after one of its maps.
  var mapped: [Float]
  /// For the rows of tokens.
  let tokens: TokenScratch
  /// For sparse weights; nil where there are none.
  let sparse: TokenScratch?

  /// Those that compute with this thread; nil for none. They bring scratches of the same model.
  package var team: Team? {
    get { backbone.operations.team }
    set { backbone.operations.team = newValue }
  }

  /// Asked between layers; see `Scratch.checkpoint`.
  package var checkpoint: (() -> Bool)? {
    get { backbone.operations.checkpoint }
    set { backbone.operations.checkpoint = newValue }
  }

  /// Called in the midst of long work; see `Scratch.pulse`.
  package var pulse: (() -> Void)? {
    get { backbone.operations.pulse }
    set { backbone.operations.pulse = newValue }
  }

  /// Computes parts of another thread's batches with this scratch; see `Team.assist`.
  package func assist(_ team: Team, leaves: () -> Bool) {
    team.assist(backbone.operations, leaves: leaves)
  }

  init(
    _ limits: BatchCapacity, backbone: any BackboneScratch, headElementCount: Int,
    tokens: TokenScratch, sparse: TokenScratch?
  ) {
    self.tokens = tokens
    self.sparse = sparse
    self.limits = limits
    self.backbone = backbone
    pooled = [Float](repeating: 0, count: headElementCount)
    mapped = pooled
  }
}
