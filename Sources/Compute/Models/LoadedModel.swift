package import Kernels
package import ModelFiles
package import Resolution

/// A model that is ready to compute: a backbone and the head of its task. Immutable; any number
/// of threads may run batches at once, each with a scratch of its own.
package struct LoadedModel: Sendable {
  /// What it was loaded as.
  package let plan: ModelPlan
  let backbone: any Backbone
  /// nil where the model answers for tokens only.
  let head: (any TaskHead)?
  /// What it gives beside one row.
  let outputs: TokenOutputs
  let table: KernelTable

  /// Maps and checks the weights that `plan` names.
  ///
  /// Tables stay in the mapped file, which the model keeps alive, as they are stored; maps are
  /// packed, or found packed in `packs`, which is finished then. Without `packs` maps are left
  /// empty, and the model must not run. Throws `.missing`, `.malformed` and `.unsupported` naming
  /// the file with the key, or the tensor with expected and actual shape, and `.outOfMemory`.
  package static func load(
    plan: ModelPlan, directory: ModelDirectory, precision: Precision, table: KernelTable,
    packs: PackStore?
  ) throws(ModelError) -> LoadedModel {
    let loader = WeightLoader(
      directory.weights, precision: precision, table: table, packs: packs)
    let backbone = try ModelRegistry.backbone(plan, directory, loader)
    let head = try ModelRegistry.head(plan, directory, loader, hiddenSize: backbone.hiddenSize)
    let outputs = try ModelRegistry.outputs(
      plan, directory, loader, hiddenSize: backbone.hiddenSize)
    packs?.finish()
    return LoadedModel(
      plan: plan, backbone: backbone, head: head, outputs: outputs, table: table)
  }

  /// Floats in an output row: dimensions of an embedding, or labels; for a model that gives no
  /// one row those of its sparse or token output.
  package var outputWidth: Int {
    head?.outputWidth ?? outputs.sparse?.head.outColumns ?? tokenWidth
  }
  /// Floats in the row of a token.
  package var tokenWidth: Int { outputs.tokens.outColumns }
  /// Ids are 0..<vocabularySize.
  package var vocabularySize: Int { backbone.vocabularySize }
  /// The most tokens that an input can have, whatever the plan's limit is.
  package var positionCount: Int { backbone.positionCount }
  /// 2 where an input can have a second segment, else 1.
  package var segmentCount: Int { backbone.segmentCount }

  /// The working memory of one thread for batches of at most `tokensMax` tokens and `inputsMax`
  /// inputs, each of at most `plan.maxTokens`; see the backbone for its size. Memory becomes
  /// resident when a batch first needs it. Throws `.outOfMemory`.
  package func makeScratch(tokensMax: Int, inputsMax: Int) throws(ModelError) -> ModelScratch {
    precondition(tokensMax > 0 && inputsMax > 0)
    let limits = BatchCapacity(
      tokensMax: tokensMax, inputsMax: inputsMax, inputTokensMax: plan.maxTokens)
    return ModelScratch(
      limits, backbone: try backbone.makeScratch(limits),
      headElementCount: inputsMax * (head?.widest ?? 0),
      tokens: try outputs.tokens.makeScratch(), sparse: try outputs.sparse?.head.makeScratch())
  }

  func check(_ batch: RaggedBatch, _ limits: BatchCapacity) throws(ModelError) {
    func refuse(_ text: String) -> ModelError { ModelError(.invalidBatch, text) }
    guard batch.tokenCount <= limits.tokensMax, batch.inputCount <= limits.inputsMax else {
      throw refuse(
        "a batch of \(batch.inputCount) inputs and \(batch.tokenCount) tokens; the scratch holds "
          + "\(limits.inputsMax) inputs and \(limits.tokensMax) tokens")
    }
    let lengthMax = min(limits.inputTokensMax, positionCount)
    for input in 0..<batch.inputCount {
      let length = batch.tokens(of: input).count
      guard length > 0, length <= lengthMax else {
        throw refuse("input \(input) has \(length) tokens; the limits are 1 and \(lengthMax)")
      }
      let segmentStart = batch.segmentStarts[input]
      guard segmentStart >= 0, segmentStart <= length else {
        throw refuse("input \(input): segment start \(segmentStart) with \(length) tokens")
      }
      let keyCount = batch.keyCounts[input]
      guard keyCount > 0, keyCount <= length else {
        throw refuse("input \(input): \(keyCount) tokens are seen of \(length)")
      }
      let pooledStart = batch.pooledStarts[input]
      guard pooledStart >= 0, pooledStart < length else {
        throw refuse("input \(input): poolings from \(pooledStart) on with \(length) tokens")
      }
      guard segmentStart == length || segmentCount > 1 else {
        throw refuse("input \(input) has two segments; the model has one")
      }
    }
    if let index = batch.ids.firstIndex(where: { $0 < 0 || Int($0) >= vocabularySize }) {
      throw refuse(
        "token \(index) of the batch has the id \(batch.ids[index]); ids are 0 to "
          + "\(vocabularySize - 1)")
    }
  }
}
