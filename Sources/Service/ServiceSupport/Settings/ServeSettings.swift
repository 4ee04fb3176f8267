package import Discovery
internal import JSON
package import Logging
package import Logs
package import MillpondClient

/// What `millpond serve` and `millpond check` are told: the whole schema.
///
/// | key in the file | flag             | variable               | value                | default |
/// | --------------- | ---------------- | ---------------------- | -------------------- | ------- |
/// | `listen`        | `--listen`       | `MILLPOND_LISTEN`      | HOST:PORT, port 0 is any free one | 127.0.0.1:7070 |
/// | `models`        | `--model`        | `MILLPOND_MODELS`      | list of [NAME=]DIR   | none |
/// | `replicas`      | `--replicas`     | `MILLPOND_REPLICAS`    | N, auto or NAME=N; in the file a number or `auto`, or an object of them by name, `*` for the others | 1 |
/// | `workers`       | `--worker`       | `MILLPOND_WORKERS`     | list of HOST:PORT, dns:HOST:PORT (all addresses of a name), srv:NAME (SRV records) and file:PATH (a HOST:PORT a line) | none |
/// | `threads`       | `--threads`      | `MILLPOND_THREADS`     | compute threads of each worker | processors shared among the workers |
/// | `precision`     | `--precision`    | `MILLPOND_PRECISION`   | f32, bf16 or int8    | f32 |
/// | `task`          | `--task`         | `MILLPOND_TASK`        | a task, or NAME=TASK; in the file also an object by name, `*` for the others; so with the next four | as the directory says |
/// | `pooling`       | `--pooling`      | `MILLPOND_POOLING`     | a pooling            | as the directory says |
/// | `overrides`     | `--overrides`    | `MILLPOND_OVERRIDES`   | path of an overrides file | none |
/// | `scoreTemplate` | `--score-template` | `MILLPOND_SCORE_TEMPLATE` | path of a score template | none |
/// | `maxTokens`     | `--max-tokens`   | `MILLPOND_MAX_TOKENS`  | a token limit below the model's | the model's |
/// | `cache`         | `--cache`, `--no-cache` | `MILLPOND_CACHE` | folder of packed weights and hashes, or `none` | `~/.cache/millpond` |
/// | `workerBinary`  | `--worker-binary`| `MILLPOND_WORKER_BINARY` | path of millpond-worker | beside `millpond` |
/// | `logLevel`      | `--log-level`    | `MILLPOND_LOG_LEVEL`   | trace, debug, info, notice, warning, error or critical | info |
/// | `logFormat`     | `--log-format`   | `MILLPOND_LOG_FORMAT`  | text or json, of the workers too | text |
/// | `metrics`       | `--metrics`      | `MILLPOND_METRICS`     | HOST:PORT of `/live`, `/ready` and `/metrics` over HTTP | none |
/// | `slowCall`      | `--slow-call`    | `MILLPOND_SLOW_CALL`   | milliseconds from which a call is logged; 0: none is | 1000 |
/// | `resultCache`   | `--result-cache` | `MILLPOND_RESULT_CACHE` | MiB of finished answers that are kept for equal calls; 0: none | 0 |
/// | `hedge`         | `--hedge`        | `MILLPOND_HEDGE`       | on or off: whether a second worker is asked what is slower than 95 of 100 pieces | off |
/// | `admin`         | `--admin`        | `MILLPOND_ADMIN`       | HOST:PORT for administration | none |
///
/// Lists in variables have commas between their parts. Relative paths start at the working
/// directory. The file itself is named by `--config`, else by `MILLPOND_CONFIG`.
package struct ServeSettings: Sendable {
  package var listen: ServerAddress
  package var models: [ModelArgument]
  package var replicas: ReplicaCounts
  package var workers: [AddressSource]
  package var threads: Int?
  package var precision: String
  /// What is said of models in place of their directories.
  package var overrides: WorkerOverrides
  /// A folder, `none`, or nil for the workers' own choice.
  package var cache: String?
  package var workerBinary: String?
  package var logLevel: Logger.Level
  package var logFormat: LogFormat
  /// Where live, ready and metrics are served, or nil.
  package var metrics: ServerAddress?
  /// Milliseconds from which a call is slow; 0: none is.
  package var slowCall: Int
  /// MiB of finished answers that are kept; 0: none.
  package var resultCache: Int
  /// Whether a second worker is asked what is slow.
  package var hedges: Bool
  /// Where administration is served, or nil.
  package var admin: ServerAddress?
  /// All of it as JSON, with where each value comes from.
  package var effectiveConfiguration: [UInt8]

  /// The variable that names the configuration file.
  package static let fileVariable = "MILLPOND_CONFIG"
  /// The variable that names the worker program.
  package static let workerBinaryVariable = "MILLPOND_WORKER_BINARY"
  /// The variable that names the server for the commands that call one.
  package static let serverVariable = "MILLPOND_SERVER"
  /// The variable that names the caller to the server.
  package static let tokenVariable = "MILLPOND_TOKEN"

  /// Reads and checks everything.
  ///
  /// - Parameters:
  ///   - flags: the values of each flag that was given, by its name with the dashes.
  ///   - environment: all variables.
  ///   - file: the configuration file, if there is one.
  /// - Throws: what is wrong, naming where it stands.
  package init(
    flags: [String: [String]], environment: [String: String], file: SettingsFile?
  ) throws(SettingsError) {
    var reader = SettingsReader(flags: flags, environment: environment, file: file)
    listen = try reader.read(.listen).value
    models = try reader.read(.models).value
    replicas = try reader.read(.replicas).value
    workers = try reader.read(.workers).value
    threads = try reader.read(.threads).value
    precision = try reader.read(.precision).value
    overrides = try WorkerOverrides(&reader)
    cache = try reader.read(.cache).value
    workerBinary = try reader.read(.workerBinary).value
    logLevel = try reader.read(.logLevel).value
    logFormat = try reader.read(.logFormat).value
    metrics = try reader.read(.metrics).value
    slowCall = try reader.read(.slowCall).value
    resultCache = try reader.read(.resultCache).value
    hedges = try reader.read(.hedge).value
    admin = try reader.read(.admin).value
    effectiveConfiguration = reader.effectiveConfiguration
    try reader.finish()
    try checkModels()
    try overrides.check(models: models.map(\.name))
  }

  /// What workers are told of all this.
  package var workerArguments: [String] {
    let cache =
      switch cache {
      case nil: [String]()
      case "none"?: ["--no-cache"]
      case let folder?: ["--cache", folder]
      }
    return ["--precision", precision, "--log-format", logFormat.rawValue] + cache
  }

  private func checkModels() throws(SettingsError) {
    guard !models.isEmpty || !workers.isEmpty else {
      throw SettingsError(
        .conflict, "nothing to serve: give --model [NAME=]DIR or --worker HOST:PORT")
    }
    var seen: [String: String] = [:]
    for model in models {
      if let other = seen.updateValue(model.directory, forKey: model.name) {
        throw SettingsError(
          .conflict,
          "two models are named '\(model.name)': \(other) and \(model.directory); "
            + "NAME=DIR names one differently")
      }
    }
    for name in replicas.byName.keys.sorted() where seen[name] == nil {
      let names = models.map(\.name).joined(separator: ", ")
      throw SettingsError(
        .conflict, "--replicas \(name)=…: there is no such model; the models are \(names)")
    }
  }
}

extension Setting where Value == ServerAddress {
  fileprivate static var listen: Self {
    .text(
      "listen", flag: "--listen", variable: "MILLPOND_LISTEN",
      fallback: ServerAddress(host: "127.0.0.1", port: 7070), read: address,
      write: { $1.string($0.description) })
  }
}

extension Setting where Value == ServerAddress? {
  fileprivate static var metrics: Self {
    .optionalAddress("metrics", flag: "--metrics", variable: "MILLPOND_METRICS")
  }

  fileprivate static var admin: Self {
    .optionalAddress("admin", flag: "--admin", variable: "MILLPOND_ADMIN")
  }

  /// An address, or nothing.
  private static func optionalAddress(_ key: String, flag: String, variable: String) -> Self {
    .text(
      key, flag: flag, variable: variable, fallback: nil,
      read: { (text) throws(ValueError) in try address(text) },
      write: { value, writer in
        if let value { writer.string(value.description) } else { writer.null() }
      })
  }
}

extension Setting where Value == [ModelArgument] {
  fileprivate static var models: Self {
    .list(
      "models", flag: "--model", variable: "MILLPOND_MODELS",
      read: { (text) throws(ValueError) in try ModelArgument(text) }, text: \.description)
  }
}

extension Setting where Value == [AddressSource] {
  fileprivate static var workers: Self {
    .list(
      "workers", flag: "--worker", variable: "MILLPOND_WORKERS",
      read: { (text) throws(ValueError) in
        do throws(DiscoveryError) {
          return try AddressSource(text)
        } catch {
          throw ValueError(error.message)
        }
      }, text: \.description)
  }
}

extension Setting where Value == ReplicaCounts {
  fileprivate static var replicas: Self {
    Setting(
      key: "replicas", flag: "--replicas", variable: "MILLPOND_REPLICAS",
      fallback: ReplicaCounts(),
      readTexts: { (texts) throws(ValueError) in try ReplicaCounts(texts) },
      readJSON: { (json) throws(ValueError) in
        var counts = ReplicaCounts()
        if json.kind == .object {
          for (name, count) in json.members {
            let name = String(decoding: name, as: UTF8.self)
            try counts.add(name == "*" ? nil : name, replicaCount(count))
          }
        } else {
          try counts.add(nil, replicaCount(json))
        }
        return counts
      },
      isList: true,
      write: { counts, writer in
        guard !counts.byName.isEmpty else {
          return writer.replicaCount(counts.all ?? .number(1))
        }
        writer.beginObject()
        if let all = counts.all {
          writer.key("*")
          writer.replicaCount(all)
        }
        for (name, count) in counts.byName.sorted(by: { $0.key < $1.key }) {
          writer.key(name)
          writer.replicaCount(count)
        }
        writer.endObject()
      })
  }
}

extension Setting where Value == Int {
  fileprivate static var slowCall: Self {
    .number(
      "slowCall", flag: "--slow-call", variable: "MILLPOND_SLOW_CALL", range: 0...86_400_000,
      fallback: 1_000)
  }

  fileprivate static var resultCache: Self {
    .number(
      "resultCache", flag: "--result-cache", variable: "MILLPOND_RESULT_CACHE",
      range: 0...1_048_576, fallback: 0)
  }
}

extension Setting where Value == Bool {
  fileprivate static var hedge: Self {
    .text(
      "hedge", flag: "--hedge", variable: "MILLPOND_HEDGE", fallback: false,
      read: { (text) throws(ValueError) in
        guard text == "on" || text == "off" else { throw ValueError("it is on or off") }
        return text == "on"
      }, write: { $1.string($0 ? "on" : "off") })
  }
}

/// - Throws: what is neither `"auto"` nor a whole number from 1 on.
private func replicaCount(_ json: JSON) throws(ValueError) -> ReplicaCount {
  if let text = json.string { return try ReplicaCount(text[...]) }
  return try ReplicaCount(json.int)
}

extension JSONWriter {
  fileprivate mutating func replicaCount(_ count: ReplicaCount) {
    switch count {
    case .number(let number): self.number(number)
    case .automatic: string("auto")
    }
  }
}

extension Setting where Value == Int? {
  fileprivate static var threads: Self {
    .number("threads", flag: "--threads", variable: "MILLPOND_THREADS", range: 1...1_024)
  }
}

extension Setting where Value == String {
  fileprivate static var precision: Self {
    .text(
      "precision", flag: "--precision", variable: "MILLPOND_PRECISION", fallback: "f32",
      read: { (text) throws(ValueError) in try Precision.check(text) }, write: { $1.string($0) })
  }
}

extension Setting where Value == String? {
  fileprivate static var cache: Self {
    .text(
      "cache", flag: "--cache", variable: "MILLPOND_CACHE", fallback: nil,
      read: { (text) throws(ValueError) in
        guard !text.isEmpty else { throw ValueError("it is a folder, or none") }
        return text
      },
      write: { value, writer in
        if let value { writer.string(value) } else { writer.null() }
      })
  }

  fileprivate static var workerBinary: Self {
    .text(
      "workerBinary", flag: "--worker-binary", variable: ServeSettings.workerBinaryVariable,
      fallback: nil, read: { $0 },
      write: { value, writer in
        if let value { writer.string(value) } else { writer.null() }
      })
  }
}

extension Setting where Value == Logger.Level {
  fileprivate static var logLevel: Self {
    .text(
      "logLevel", flag: "--log-level", variable: "MILLPOND_LOG_LEVEL", fallback: .info,
      read: { (text) throws(ValueError) in
        guard let level = Logger.Level(rawValue: text) else {
          let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
          throw ValueError("not one of \(levels)")
        }
        return level
      }, write: { $1.string($0.rawValue) })
  }
}

extension Setting where Value == LogFormat {
  fileprivate static var logFormat: Self {
    .text(
      "logFormat", flag: "--log-format", variable: "MILLPOND_LOG_FORMAT", fallback: .text,
      read: { (text) throws(ValueError) in
        guard let format = LogFormat(rawValue: text) else {
          throw ValueError(
            "not one of \(LogFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return format
      }, write: { $1.string($0.rawValue) })
  }
}

/// Number types that models are computed in.
package enum Precision {
  /// The text itself if workers can compute so. Throws for any other.
  package static func check(_ text: String) throws(ValueError) -> String {
    guard ["f32", "bf16", "int8"].contains(text) else {
      throw ValueError("not one of f32, bf16, int8")
    }
    return text
  }
}

/// - Throws: a text that is not `HOST:PORT`.
private func address(_ text: String) throws(ValueError) -> ServerAddress {
  guard let address = ServerAddress(text) else { throw ValueError("it is HOST:PORT") }
  return address
}
