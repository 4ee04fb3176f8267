internal import ModelFiles

/// Whether the file holds the tensors of the model, all of them and no strange ones.
extension Rule {
  static let tensors: [Rule] = [
    Rule("tensors.family-names", sets: .tensors, reads: [.family, .task, .conversion, .labels]) {
      (facts, metadata) throws(ResolutionError) in
      var table = TensorTable(metadata.tensors, source: metadata.weightsSource)
      switch facts[.family] {
      case .bert:
        let layerCount = try reading { () throws(ModelFilesError) in
          try metadata.config.requireInt("num_hidden_layers", in: 1...1024)
        }
        if facts[.conversion] == .sequenceClassification { try checkHead(table) }
        let names = try BertTensors(&table, layerCount: layerCount, task: facts[.task])
        if let classifier = names.classifier {
          try checkLabels(classifier.weight, table, facts[.labels], metadata)
        }
        let unused = try rest(of: table, layerCount: layerCount) {
          BertTensors.isKnownExtra($0, in: table)
        }
        return FamilyTensors(
          names: .bert(names), used: table.used.sorted(), unused: unused,
          parameterCount: metadata.tensors.reduce(0) {
            $0 + ($1.isFloatingPoint ? $1.elementCount : 0)
          })
      }
    }
  ]

  private static func checkHead(_ table: TensorTable) throws(ResolutionError) {
    guard table.contains("classifier.weight") else {
      throw ResolutionError(
        .missing,
        "\(table.source): tensor 'classifier.weight' is missing: the task classify needs "
          + "a trained classification head, and this model has none")
    }
  }

  private static func checkLabels(
    _ classifier: String, _ table: TensorTable, _ labels: [String], _ metadata: ModelMetadata
  ) throws(ResolutionError) {
    let shape = table.summaries[classifier]?.shape ?? []
    guard shape.count == 2, shape[0] == labels.count else {
      throw ResolutionError(
        .malformed,
        "\(table.source): tensor \(classifier.quotedForMessage) has the shape "
          + "\(shape), but \(metadata.config.name) gives \(labels.count) labels (id2label or "
          + "num_labels)")
    }
  }

  /// The tensors that are not used, sorted. Throws `.unsupported` for the first that the family
  /// does not know.
  private static func rest(
    of table: TensorTable, layerCount: Int, isKnown: (String) -> Bool
  ) throws(ResolutionError) -> [String] {
    let rest = table.summaries.keys.filter { !table.used.contains($0) }.sorted()
    if let stranger = rest.first(where: { !isKnown($0) }) {
      throw ResolutionError(
        .unsupported,
        "\(table.source): tensor \(stranger.quotedForMessage) is unknown to a BERT "
          + "with num_hidden_layers \(layerCount)")
    }
    return rest
  }
}
