package import Kernels
internal import ModelFiles
package import Resolution

/// What an engine is started with.
package struct EngineConfiguration: Sendable, Equatable {
  /// The Hugging Face or sentence-transformers model directory.
  package var modelDirectory: String
  /// The name under which the model is served.
  package var name: String
  /// What the operator decides in place of the directory.
  package var overrides = Overrides()
  /// How products are computed.
  package var precision = Precision.f32
  /// Compute threads, 1…1,024; nil is one for each processor that affinity and quota allow.
  package var threadCount: Int?
  /// Threads that tokenise while compute threads are busy, 0…64. Compute threads tokenise too, so
  /// 0 works.
  package var tokenizerThreadCount = 1
  /// The instruction set of the kernels by name (`MILLPOND_ISA`); nil is the best there is.
  package var instructionSet: String?
  /// Where hashes of weight files are kept, an absolute path; nil keeps none.
  package var cacheDirectory: String?

  /// Where they are kept unless it is said: `millpond` in the user's folder of caches.
  package static var standardCacheDirectory: String? { WeightHashCache.standard.directory }

  /// A call is refused while more predicted work than this is queued before it; 2 seconds.
  package var queuedCostMax = Duration.seconds(2)
  /// Bytes of all calls that are not answered, with room for their results; 64 MiB.
  package var queuedBytesMax = 64 << 20
  /// Bytes of one call, counted in the same way; 64 MiB.
  package var callBytesMax = 64 << 20
  /// The predicted time of a batch; 10 milliseconds, up to four times as much while much is queued,
  /// or ten times the part of a batch that does not depend on what is in it, where that is more.
  package var batchTime = Duration.milliseconds(10)
  /// Tokens of a batch; nil is 1,024, or the model's limit where that is more.
  package var batchTokensMax: Int?
  /// How long bulk work waits for a batch of its own at most while interactive work is queued;
  /// 100 milliseconds.
  package var bulkPatience = Duration.milliseconds(100)

  /// The defaults for a model directory.
  package init(modelDirectory: String, name: String) {
    self.modelDirectory = modelDirectory
    self.name = name
  }

  /// The bounds of the queue for a model with `maxTokens`. Throws `.startUp` naming the setting
  /// that is out of range with its value.
  func limits(threadCount: Int, maxTokens: Int) throws(EngineError) -> QueueLimits {
    func check(_ isRight: Bool, _ message: @autoclosure () -> String) throws(EngineError) {
      guard isRight else { throw EngineError(.startUp, message()) }
    }
    try check(
      (1...1_024).contains(threadCount), "\(threadCount) compute threads: it must be 1…1024")
    try check(
      (0...64).contains(tokenizerThreadCount),
      "\(tokenizerThreadCount) tokenising threads: it must be 0…64")
    try check(queuedCostMax > .zero, "queuedCostMax is \(queuedCostMax): it must be above 0")
    try check(batchTime > .zero, "batchTime is \(batchTime): it must be above 0")
    try check(bulkPatience >= .zero, "bulkPatience is \(bulkPatience): it must be 0 or more")
    try check(callBytesMax > 0, "callBytesMax is \(callBytesMax): it must be above 0")
    try check(
      queuedBytesMax >= callBytesMax,
      "queuedBytesMax is \(queuedBytesMax): it must be at least callBytesMax, \(callBytesMax)")
    let tokens = batchTokensMax ?? max(1_024, maxTokens)
    try check(
      (maxTokens...max(maxTokens, 1 << 20)).contains(tokens),
      "batchTokensMax is \(tokens): it must be at least the model's limit, \(maxTokens), and at "
        + "most \(1 << 20)")
    var limits = QueueLimits.defaults(threadCount: threadCount)
    limits.waitMax = queuedCostMax.clampedNanoseconds
    limits.bytesMax = queuedBytesMax
    limits.callBytesMax = callBytesMax
    limits.batchCost = batchTime.clampedNanoseconds
    limits.batchCostMax = (batchTime * 4).clampedNanoseconds
    limits.batchCostMin = min(limits.batchCostMin, limits.batchCost)
    limits.batchTokensMax = tokens
    limits.bulkPatience = bulkPatience.clampedNanoseconds
    return limits
  }
}
