internal import JSON

/// What `serve` and `check` tell workers of models in place of what the directories say.
package struct WorkerOverrides: Sendable {
  package var task: ModelTexts
  package var pooling: ModelTexts
  package var overrides: ModelTexts
  package var scoreTemplate: ModelTexts
  package var maxTokens: ModelTexts

  /// Names of tasks, as `inspect` prints them.
  package static let tasks = ["embed", "classify", "token-embed", "token-classify"]
  /// Names of poolings.
  package static let poolings = ["cls", "mean", "max", "mean-sqrt", "weighted-mean", "last"]

  /// The flags of a model's worker.
  package func arguments(of name: String) -> [String] {
    flags.flatMap { flag, texts in texts.text(of: name).map { [flag, $0] } ?? [] }
  }

  /// - Throws: a name that is of no model, and a value for every model where there is none.
  func check(models: [String]) throws(SettingsError) {
    for (flag, texts) in flags {
      if let name = texts.byName.keys.sorted().first(where: { !models.contains($0) }) {
        throw SettingsError(
          .conflict,
          "\(flag) \(name)=…: there is no such model; the models are "
            + models.joined(separator: ", "))
      }
      guard texts.all == nil || !models.isEmpty else {
        throw SettingsError(.conflict, "\(flag) goes with --model, where a worker is started")
      }
    }
  }

  private var flags: [(String, ModelTexts)] {
    [
      ("--task", task), ("--pooling", pooling), ("--overrides", overrides),
      ("--score-template", scoreTemplate), ("--max-tokens", maxTokens),
    ]
  }

  /// The text itself if it is one of `names`.
  ///
  /// - Throws: any other, with the list.
  package static func check(_ text: String, in names: [String]) throws(ValueError) -> String {
    guard names.contains(text) else {
      throw ValueError("not one of \(names.joined(separator: ", "))")
    }
    return text
  }
}

extension WorkerOverrides {
  init(_ reader: inout SettingsReader) throws(SettingsError) {
    task = try reader.read(
      .texts("task", flag: "--task", variable: "MILLPOND_TASK") { (text) throws(ValueError) in
        try Self.check(text, in: Self.tasks)
      }
    ).value
    pooling = try reader.read(
      .texts("pooling", flag: "--pooling", variable: "MILLPOND_POOLING") {
        (text) throws(ValueError) in
        try Self.check(text, in: Self.poolings)
      }
    ).value
    overrides = try reader.read(
      .texts("overrides", flag: "--overrides", variable: "MILLPOND_OVERRIDES") { $0 }
    ).value
    scoreTemplate = try reader.read(
      .texts(
        "scoreTemplate", flag: "--score-template", variable: "MILLPOND_SCORE_TEMPLATE"
      ) { $0 }
    ).value
    maxTokens = try reader.read(
      .texts("maxTokens", flag: "--max-tokens", variable: "MILLPOND_MAX_TOKENS") {
        (text) throws(ValueError) in
        guard let count = Int(text), count > 0 else { throw ValueError("not a count of tokens") }
        return "\(count)"
      }
    ).value
  }
}

extension Setting where Value == ModelTexts {
  /// A text or whole number for every model or for some; in the file also an object by name, with
  /// `*` for the others.
  fileprivate static func texts(
    _ key: String, flag: String, variable: String,
    check: @escaping @Sendable (String) throws(ValueError) -> String
  ) -> Setting {
    @Sendable func checked(_ texts: ModelTexts) throws(ValueError) -> ModelTexts {
      var result = ModelTexts()
      if let all = texts.all { result.all = try check(all) }
      for (name, text) in texts.byName { result.byName[name] = try check(text) }
      return result
    }
    @Sendable func text(_ json: JSON) throws(ValueError) -> String {
      guard let text = json.string ?? json.int.map(String.init) else {
        throw ValueError("not a text, nor an object of texts by model")
      }
      return text
    }
    return Setting(
      key: key, flag: flag, variable: variable, fallback: ModelTexts(),
      readTexts: { (texts) throws(ValueError) in try checked(ModelTexts(texts)) },
      readJSON: { (json) throws(ValueError) in
        var texts = ModelTexts()
        if json.kind == .object {
          for (name, value) in json.members {
            let name = String(decoding: name, as: UTF8.self)
            try texts.add(name == "*" ? nil : name, text(value))
          }
        } else {
          try texts.add(nil, text(json))
        }
        return try checked(texts)
      },
      isList: true,
      write: { texts, writer in
        guard !texts.byName.isEmpty else {
          if let all = texts.all { writer.string(all) } else { writer.null() }
          return
        }
        writer.beginObject()
        if let all = texts.all {
          writer.key("*")
          writer.string(all)
        }
        for (name, text) in texts.byName.sorted(by: { $0.key < $1.key }) {
          writer.key(name)
          writer.string(text)
        }
        writer.endObject()
      })
  }
}
