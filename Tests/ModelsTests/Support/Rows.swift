import Models

extension LoadedModel {
  /// Runs a batch of which every input asks for its one row.
  func rows(
    _ batch: RaggedBatch, _ scratch: ModelScratch, into output: inout [Float]
  ) throws(ModelError) {
    _ = try forward(
      batch, requests: Array(repeating: .row, count: batch.inputCount), scratch: scratch,
      into: &output)
  }
}
