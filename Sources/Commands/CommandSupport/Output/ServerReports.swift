internal import JSON
package import MillpondClient

/// What `millpond info` prints.
package enum InfoReport {
  /// One object on one line, for programs.
  ///
  /// `{"role","version","uptimeSeconds","residentBytes","models":[…],"workers":[…]}`; a model is
  /// `{"name","fingerprint","architecture","task","score","maxTokens","dimensions","labels",
  /// "prompts","precision","instructionSet","blasCore","threads","parameters","outputs",
  /// "allowedDimensions","defaultPrompt"}` with `dimensions` and `defaultPrompt` null where there
  /// are none, a worker `{"address","model","state","processID","restarts",
  /// "openPieces","backlogSeconds"}` with `processID` null where the process is not the server's.
  package static func json(_ information: ServerInfo) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("role", information.role)
    writer.member("version", information.version)
    writer.key("uptimeSeconds")
    writer.number(information.uptime / .seconds(1))
    writer.member("residentBytes", Int(clamping: information.residentBytes))
    writer.key("models")
    writer.beginArray()
    for model in information.models { write(model, &writer) }
    writer.endArray()
    writer.key("workers")
    writer.beginArray()
    for worker in information.workers { write(worker, &writer) }
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.bytes
  }

  /// A few lines for people.
  package static func text(
    _ information: ServerInfo, at address: some CustomStringConvertible
  ) -> String {
    let memory = NumberText.bytes(information.residentBytes)
    var text = "\(shown(information.role)) at \(address), version \(shown(information.version)), "
    text += "up \(NumberText.duration(information.uptime)), \(memory) resident\n"
    for model in information.models { text += lines(model) }
    if !information.workers.isEmpty {
      text += "\nworkers\n" + workerTable(information.workers)
    }
    return text
  }

  private static func write(_ model: ServerInfo.Model, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", model.name)
    writer.member("fingerprint", model.fingerprint)
    writer.member("architecture", model.architecture)
    writer.member("task", model.task)
    writer.member("score", model.score)
    writer.member("maxTokens", model.maxTokens)
    writer.member("dimensions", model.dimensions == 0 ? nil : model.dimensions)
    writer.member("labels", model.labels)
    writer.member("prompts", model.prompts)
    writer.member("precision", model.precision)
    writer.member("instructionSet", model.instructionSet)
    writer.member("blasCore", model.blasCore)
    writer.member("threads", model.threads)
    writer.member("parameters", model.parameters)
    writer.member("outputs", model.outputs)
    writer.key("allowedDimensions")
    writer.beginArray()
    for length in model.allowedDimensions { writer.number(length) }
    writer.endArray()
    writer.key("defaultPrompt")
    if let prompt = model.defaultPrompt { writer.string(prompt) } else { writer.null() }
    writer.endObject()
  }

  private static func write(_ worker: ServerInfo.Worker, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("address", worker.address)
    writer.member("model", worker.model)
    writer.member("state", worker.state)
    writer.member("processID", worker.processID == 0 ? nil : worker.processID)
    writer.member("restarts", worker.restarts)
    writer.member("openPieces", worker.openPieces)
    writer.key("backlogSeconds")
    writer.number(worker.backlog / .seconds(1))
    writer.endObject()
  }

  private static func lines(_ model: ServerInfo.Model) -> String {
    var text = "\nmodel \(shown(model.name))\n"
    let parameters = NumberText.grouped(model.parameters)
    text += "  architecture  \(shown(model.architecture)), \(parameters) parameters\n"
    text += "  task          \(shown(model.task)), score by \(shown(model.score))\n"
    text += "  limit         \(NumberText.grouped(model.maxTokens)) tokens\n"
    if !model.outputs.isEmpty { text += "  outputs       \(list(model.outputs))\n" }
    if model.dimensions > 0 { text += "  dimensions    \(dimensions(model))\n" }
    if !model.labels.isEmpty { text += "  labels        \(list(model.labels))\n" }
    if !model.prompts.isEmpty { text += "  prompts       \(list(model.prompts))\n" }
    if let prompt = model.defaultPrompt { text += "  by default    \(shown(prompt))\n" }
    text += "  runs in       \(shown(model.precision)) on \(shown(model.instructionSet))"
    text += ", threads a worker: \(model.threads)\n"
    text += "  fingerprint   \(shown(model.fingerprint))\n"
    return text
  }

  private static func dimensions(_ model: ServerInfo.Model) -> String {
    guard !model.allowedDimensions.isEmpty else { return "\(model.dimensions)" }
    return "\(model.dimensions), or " + list(model.allowedDimensions.map(String.init))
  }

  private static func workerTable(_ workers: [ServerInfo.Worker]) -> String {
    let rows = workers.map { worker in
      [
        shown(worker.address), shown(worker.model), shown(worker.state),
        worker.processID > 0 ? "pid \(worker.processID)" : worker.address.isEmpty ? "" : "remote",
        "restarts \(worker.restarts)", "open pieces \(worker.openPieces)",
        "backlog \(NumberText.duration(worker.backlog))",
      ]
    }
    return TextTable.text(rows)
  }

  private static func list(_ names: [String]) -> String {
    let more = names.count > 12 ? ", … \(names.count - 12) more" : ""
    return names.prefix(12).map(shown).joined(separator: ", ") + more
  }

  private static func shown(_ text: String) -> String {
    TerminalText.escaped(text, columnsMax: 100)
  }
}

/// What `millpond health` prints.
package enum HealthReport {
  /// One object on one line, for programs: `{"live","ready","progressing","models":[{"name",
  /// "workersReady","workersKnown"}]}`.
  package static func json(_ health: ServerHealth) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("live")
    writer.bool(health.isLive)
    writer.key("ready")
    writer.bool(health.isReady)
    writer.key("progressing")
    writer.bool(health.isProgressing)
    writer.key("models")
    writer.beginArray()
    for model in health.models {
      writer.beginObject()
      writer.member("name", model.name)
      writer.member("workersReady", model.workersReady)
      writer.member("workersKnown", model.workersKnown)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.bytes
  }

  /// A few lines for people.
  package static func text(
    _ health: ServerHealth, at address: some CustomStringConvertible
  ) -> String {
    let states = [
      health.isLive ? "live" : "not live", health.isReady ? "ready" : "not ready",
      health.isProgressing ? "progressing" : "stuck",
    ]
    let rows = health.models.map { model in
      [
        TerminalText.escaped(model.name, columnsMax: 100),
        "\(model.workersReady) of \(model.workersKnown) workers ready",
      ]
    }
    return "\(address) is \(states.joined(separator: ", "))\n" + TextTable.text(rows)
  }
}

/// Rows of cells in columns that line up.
package enum TextTable {
  /// Each row on a line, indented by two.
  package static func text(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], TerminalText.columns(of: cell))
      }
    }
    return rows.reduce(into: "") { text, row in
      for (column, cell) in row.enumerated() {
        text += "  " + (column == row.count - 1 ? cell : cell.padded(right: widths[column]))
      }
      text += "\n"
    }
  }
}
