/// The working memory of one compute thread for one model. Made by `LoadedModel.makeScratch`;
/// never shared between threads.
package final class ModelScratch {
  /// The largest batch that it can hold.
  package let limits: BatchCapacity
  let backbone: any BackboneScratch
  /// First-token rows of a classifier, `[inputsMax, hiddenSize]`; empty for an embedding.
  var firstTokens: [Float]
  /// The same after the pooler.
  var pooled: [Float]

  init(_ limits: BatchCapacity, backbone: any BackboneScratch, headElementCount: Int) {
    self.limits = limits
    self.backbone = backbone
    firstTokens = [Float](repeating: 0, count: headElementCount)
    pooled = firstTokens
  }
}
