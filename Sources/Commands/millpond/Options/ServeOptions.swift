internal import ArgumentParser
internal import ServiceSupport

/// The flags of `serve` and `check`: settings, and where the file with more of them is.
struct ServeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model to serve, named NAME or like its folder. May be repeated.",
      valueName: "[NAME=]DIR"))
  var model: [String] = []

  @Option(
    help: ArgumentHelp(
      "Worker processes for every model, or for one; auto: as suit the machine. Default: 1.",
      valueName: "[NAME=]N|auto"))
  var replicas: [String] = []

  @Option(
    help: ArgumentHelp(
      "A worker that runs elsewhere; dns:HOST:PORT, srv:NAME and file:FILE name several.",
      valueName: "HOST:PORT"))
  var worker: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where to listen; port 0 is any free one. Default: 127.0.0.1:7070.",
      valueName: "HOST:PORT"))
  var listen: [String] = []

  @Option(
    help: ArgumentHelp(
      "Compute threads of each worker. Default: the processors shared among the workers.",
      valueName: "N"))
  var threads: [String] = []

  @Option(help: ArgumentHelp("What products are computed in.", valueName: "f32|bf16|int8"))
  var precision: [String] = []

  @Option(
    help: ArgumentHelp(
      "Folder where workers keep packed weights, which they share. Default: ~/.cache/millpond.",
      valueName: "DIR"))
  var cache: [String] = []

  @Flag(name: .customLong("no-cache"), help: "Workers keep nothing between starts.")
  var noCache = false

  @Option(
    help: ArgumentHelp(
      "The worker program. Default: millpond-worker beside this program.", valueName: "PATH"))
  var workerBinary: [String] = []

  @Option(
    help: ArgumentHelp(
      "Least level of logs: trace, debug, info, notice, warning, error, critical. Default: info.",
      valueName: "LEVEL"))
  var logLevel: [String] = []

  @Option(
    help: ArgumentHelp(
      "Form of the logs, the workers' too: lines for people or JSON. Default: text.",
      valueName: "text|json"))
  var logFormat: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where /live, /ready and /metrics are served over HTTP. Default: nowhere.",
      valueName: "HOST:PORT"))
  var metrics: [String] = []

  @Option(
    help: ArgumentHelp(
      "Calls that take longer are logged; 0: none is. Default: 1000.", valueName: "MS"))
  var slowCall: [String] = []

  @Option(
    help: ArgumentHelp(
      "Memory for finished answers that are given to equal calls. Default: 0, none is kept.",
      valueName: "MIB"))
  var resultCache: [String] = []

  @Option(
    help: ArgumentHelp(
      "Whether a second worker is asked what is slower than usual. Default: off.",
      valueName: "on|off"))
  var hedge: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where administration is served. Default: nowhere.", valueName: "HOST:PORT"))
  var admin: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file with settings, one JSON object. Default: MILLPOND_CONFIG.", valueName: "FILE"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "What every model answers, or one, in place of what its directory says.",
      valueName: "[NAME=]embed|classify|…"))
  var task: [String] = []

  @Option(
    help: ArgumentHelp(
      "How tokens become one vector, of every model or of one.",
      valueName: "[NAME=]cls|mean|last|…"))
  var pooling: [String] = []

  @Option(
    help: ArgumentHelp(
      "A JSON file with more that is said in place of the directory.",
      valueName: "[NAME=]FILE"))
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file with the prompt of a reranker, with {query}, {document} and {instruction} in it.",
      valueName: "[NAME=]FILE"))
  var scoreTemplate: [String] = []

  @Option(
    help: ArgumentHelp(
      "A limit of tokens below that of every model, or of one.", valueName: "[NAME=]N"))
  var maxTokens: [String] = []

  /// Where the settings come from.
  var source: SettingsSource {
    let flags = [
      "--listen": listen, "--model": model, "--replicas": replicas, "--worker": worker,
      "--threads": threads, "--precision": precision,
      "--cache": cache + (noCache ? ["none"] : []), "--worker-binary": workerBinary,
      "--log-level": logLevel, "--log-format": logFormat, "--metrics": metrics,
      "--slow-call": slowCall, "--result-cache": resultCache, "--hedge": hedge, "--admin": admin,
      "--task": task, "--pooling": pooling,
      "--overrides": overrides, "--score-template": scoreTemplate, "--max-tokens": maxTokens,
    ]
    return SettingsSource(flags: flags, path: config)
  }

  /// The settings in force.
  ///
  /// - Throws: `SettingsError`, which says what is wrong and where it stands.
  func settings() throws(SettingsError) -> ServeSettings { try source.read() }
}

/// Flags, with the variables and the file that may stand beside them: read once, or again.
struct SettingsSource: Sendable {
  let flags: [String: [String]]
  /// The configuration file that a flag names.
  let path: String?

  /// Reads the variables and the file, and puts everything together.
  ///
  /// - Throws: `SettingsError`, which says what is wrong and where it stands.
  func read() throws(SettingsError) -> ServeSettings {
    let environment = Environment.current
    let path = path ?? environment[ServeSettings.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
    let file: SettingsFile? = if let path { try SettingsFile(path: path) } else { nil }
    return try ServeSettings(flags: flags, environment: environment, file: file)
  }
}
