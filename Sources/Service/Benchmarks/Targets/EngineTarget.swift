package import Inference
internal import Wire

/// An engine in this process, without any network.
package final class EngineTarget: EmbedTarget {
  package let facts: TargetFacts
  private let engine: Engine
  private let inputs: [ModelInput]

  /// Loads and warms an engine. Blocks. Throws what the engine throws at its start.
  package init(
    configuration: EngineConfiguration, texts: [BenchmarkText]
  ) throws(EngineError) {
    engine = try Engine(configuration: configuration)
    try engine.warmUp()
    inputs = texts.map { text in
      switch text {
      case .text(let bytes): .text(bytes)
      case .ids(let ids): .ids(ids)
      }
    }
    let info = engine.info
    facts = TargetFacts(
      kind: "engine", model: info.name, fingerprint: info.fingerprint, precision: info.precision,
      instructionSet: info.instructionSet, blasCore: "none", threads: info.threadCount,
      workers: 0, version: Version.current)
  }

  package func embed(_ range: Range<Int>, lane: Int) async throws(BenchmarksError) -> Int {
    let answer = await withCheckedContinuation { continuation in
      engine.submit(
        InferenceCall(
          task: .embed(EmbedOptions()), inputs: Array(inputs[range]),
          limit: InputLimit(truncation: .right)
        ) { continuation.resume(returning: $0) })
    }
    switch answer.outcome {
    case .failure(let error):
      let isOverload = error.code == .resourceExhausted
      throw BenchmarksError(
        isOverload ? .overloaded : .callFailed, error.message,
        retryAfter: error.retryAfter ?? .milliseconds(1))
    case .success(let results):
      var tokens = 0
      for (offset, result) in results.enumerated() {
        if case .failure(let error) = result.value {
          throw BenchmarksError(
            .callFailed, "input \(range.lowerBound + offset): \(error.message)")
        }
        tokens += result.tokens
      }
      return tokens
    }
  }
}
