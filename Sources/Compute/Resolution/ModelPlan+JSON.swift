package import JSON

extension ModelPlan {
  /// Writes the object of `inspect --json`, with the keys of `design.md` §6 in its order.
  package func write(to writer: inout JSONWriter, fingerprint: String) {
    func member(_ key: String, _ value: String?) {
      writer.key(key)
      if let value { writer.string(value) } else { writer.null() }
    }
    func member(_ key: String, _ value: Int?) {
      writer.key(key)
      if let value { writer.number(value) } else { writer.null() }
    }
    func member(_ key: String, _ values: [String]) {
      writer.key(key)
      writer.beginArray()
      for value in values { writer.string(value) }
      writer.endArray()
    }
    writer.beginObject()
    member("architecture", architecture)
    member("task", task.rawValue)
    member("conversion", conversion.rawValue)
    member("rule", rule)
    let poolings = ([pooling].compactMap(\.self) + joinedPoolings).map(\.rawValue)
    member("pooling", poolings.isEmpty ? nil : poolings.joined(separator: ", "))
    writer.key("normalize")
    writer.bool(normalize)
    member("score", score.rawValue)
    member("activation", activation.rawValue)
    member("labels", labels)
    member("maxTokens", maxTokens)
    member("dimensions", dimensions)
    member("parameters", parameterCount)
    member("unusedTensors", unusedTensors)
    member("fingerprint", fingerprint)
    writer.endObject()
  }
}
