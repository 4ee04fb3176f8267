import CommandSupport
import Discovery
import Logging
import Logs
import MillpondClient
import ServiceSupport
import Testing

@Suite("Settings of serve")
struct ServeSettingsTests {
  private func settings(
    _ flags: [String: [String]] = [:], _ environment: [String: String] = [:], file: String? = nil
  ) throws -> ServeSettings {
    let file = try file.map { try SettingsFile(path: "millpond.json", bytes: Array($0.utf8)) }
    return try ServeSettings(flags: flags, environment: environment, file: file)
  }

  private func refusal(
    _ flags: [String: [String]] = [:], _ environment: [String: String] = [:], file: String? = nil
  ) -> SettingsError? {
    #expect(throws: SettingsError.self) { try settings(flags, environment, file: file) }
  }

  private func model(_ name: String, _ directory: String) -> ModelArgument {
    ModelArgument(name: name, directory: directory)
  }

  @Test("the defaults hold when nothing is said")
  func defaults() throws {
    let settings = try settings(["--model": ["Models/all-MiniLM-L6-v2/"]])
    #expect(settings.listen == ServerAddress(host: "127.0.0.1", port: 7_070))
    #expect(settings.models == [model("all-MiniLM-L6-v2", "Models/all-MiniLM-L6-v2/")])
    #expect(settings.replicas.count(of: "all-MiniLM-L6-v2") == .number(1))
    #expect(settings.workers.isEmpty)
    #expect(settings.threads == nil)
    #expect(settings.precision == "f32")
    #expect(settings.workerBinary == nil)
    #expect(settings.logLevel == .info)
    #expect(settings.logFormat == .text)
    #expect(settings.metrics == nil)
    #expect(settings.slowCall == 1_000)
    #expect(settings.admin == nil)
  }

  @Test("what is told of the service is set by flags, variables and the file alike")
  func telling() throws {
    let file = #"{"models": ["m"], "logFormat": "json", "metrics": "[::]:9", "slowCall": 0}"#
    var settings = try settings(file: file)
    #expect(settings.logFormat == .json)
    #expect(settings.metrics == ServerAddress(host: "::", port: 9))
    #expect(settings.slowCall == 0)
    settings = try self.settings(
      ["--slow-call": ["250"], "--admin": ["127.0.0.1:0"]],
      ["MILLPOND_METRICS": "h:1", "MILLPOND_LOG_FORMAT": "text", "MILLPOND_SLOW_CALL": "7"],
      file: file)
    #expect(settings.logFormat == .text)
    #expect(settings.metrics == ServerAddress(host: "h", port: 1))
    #expect(settings.slowCall == 250)
    #expect(settings.admin == ServerAddress(host: "127.0.0.1", port: 0))
  }

  @Test("workers are told how to log, and where packed weights are kept, or that they are not")
  func workerArguments() throws {
    let models = ["--model": ["m"]]
    let always = ["--precision", "f32", "--log-format", "text"]
    #expect(try settings(models).workerArguments == always)
    let json = try settings(models.merging(["--log-format": ["json"]]) { $1 })
    #expect(json.workerArguments == ["--precision", "f32", "--log-format", "json"])
    let folder = try settings(models.merging(["--cache": ["/c"]]) { $1 })
    #expect(folder.workerArguments == always + ["--cache", "/c"])
    let none = try settings(models, ["MILLPOND_CACHE": "none"])
    #expect(none.workerArguments == always + ["--no-cache"])
    let both = refusal(models.merging(["--cache": ["/c", "none"]]) { $1 })
    #expect(both?.message == "--cache /c,none: given 2 times")
  }

  private let file = """
    {"listen": "[::1]:1", "models": ["a=x", "b=y"], "replicas": {"a": 3, "*": 2}, "threads": 4,
     "workers": ["h:9"], "workerBinary": "/w", "logLevel": "debug", "precision": null}
    """

  @Test("the file says everything")
  func fromFile() throws {
    let settings = try settings(file: file)
    #expect(settings.listen == ServerAddress(host: "::1", port: 1))
    #expect(settings.models == [model("a", "x"), model("b", "y")])
    #expect(settings.replicas.count(of: "a") == .number(3))
    #expect(settings.replicas.count(of: "b") == .number(2))
    #expect(settings.threads == 4)
    #expect(settings.workers == [.address(Address(host: "h", port: 9))])
    #expect(settings.workerBinary == "/w")
    #expect(settings.logLevel == .debug)
  }

  @Test("flags go over variables, variables over the file, a whole list at a time")
  func precedence() throws {
    let settings = try settings(
      ["--listen": ["f:1"], "--replicas": ["5"], "--threads": []],
      [
        "MILLPOND_LISTEN": "v:2", "MILLPOND_MODELS": "c=z,d=w", "MILLPOND_THREADS": "7",
        "MILLPOND_LOG_LEVEL": "",
      ], file: file)
    #expect(settings.listen == ServerAddress(host: "f", port: 1))
    #expect(settings.models == [model("c", "z"), model("d", "w")])
    #expect(settings.replicas == ReplicaCounts(all: .number(5)))
    #expect(settings.threads == 7)
    #expect(settings.logLevel == .debug)
  }

  @Test("workers are addresses, names, services and files")
  func workerSources() throws {
    let sources = ["h:9", "dns:w.example:7071", "srv:_m._tcp.w.example", "file:/etc/workers"]
    let settings = try settings(["--worker": sources])
    #expect(settings.workers == (try sources.map { try AddressSource($0) }))
    let variable = try self.settings([:], ["MILLPOND_WORKERS": sources.joined(separator: ",")])
    #expect(variable.workers == settings.workers)
  }

  @Test("variables that are no settings are left alone: Kubernetes sets some")
  func foreignVariables() throws {
    _ = try settings(
      ["--model": ["a"]],
      ["MILLPOND_PORT": "tcp://10.0.0.1:7070", "MILLPOND_SERVICE_HOST": "10.0.0.1"])
  }

  @Test("the effective configuration says where each value comes from")
  func effective() throws {
    let settings = try settings(
      ["--threads": ["2"]], ["MILLPOND_LISTEN": "0.0.0.0:0"], file: file)
    #expect(
      String(decoding: settings.effectiveConfiguration, as: UTF8.self) == """
        {
          "listen": {"value": "0.0.0.0:0", "from": "variable MILLPOND_LISTEN"},
          "models": {"value": ["a=x","b=y"], "from": "file millpond.json"},
          "replicas": {"value": {"*":2,"a":3}, "from": "file millpond.json"},
          "workers": {"value": ["h:9"], "from": "file millpond.json"},
          "threads": {"value": 2, "from": "flag --threads"},
          "precision": {"value": "f32", "from": "default"},
          "task": {"value": null, "from": "default"},
          "pooling": {"value": null, "from": "default"},
          "overrides": {"value": null, "from": "default"},
          "scoreTemplate": {"value": null, "from": "default"},
          "maxTokens": {"value": null, "from": "default"},
          "cache": {"value": null, "from": "default"},
          "workerBinary": {"value": "/w", "from": "file millpond.json"},
          "logLevel": {"value": "debug", "from": "file millpond.json"},
          "logFormat": {"value": "text", "from": "default"},
          "metrics": {"value": null, "from": "default"},
          "slowCall": {"value": 1000, "from": "default"},
          "resultCache": {"value": 0, "from": "default"},
          "hedge": {"value": "off", "from": "default"},
          "admin": {"value": null, "from": "default"}
        }

        """)
  }

  @Test(
    "a bad flag is named with its value and what is expected",
    arguments: [
      ("--listen", ["nope"], "--listen nope: it is HOST:PORT"),
      ("--listen", ["a:1", "b:2"], "--listen a:1,b:2: given 2 times"),
      ("--model", ["=x"], "--model =x: no name: it is [NAME=]DIR"),
      ("--model", ["a="], "--model a=: no directory: it is [NAME=]DIR"),
      ("--model", ["a\nb=x"], "--model a\nb=x: a name has a control character"),
      ("--replicas", ["0"], "--replicas 0: it is N, auto or NAME=N, with N from 1 to 1024"),
      ("--replicas", ["1", "2"], "--replicas 1,2: the count of every model is given twice"),
      ("--replicas", ["a=1", "a=2"], "--replicas a=1,a=2: the count of 'a' is given twice"),
      ("--worker", ["h:0"], "--worker h:0: a worker cannot be at port 0"),
      ("--worker", ["dns:h"], "--worker dns:h: it is dns:HOST:PORT"),
      ("--threads", ["0"], "--threads 0: not a whole number from 1 to 1024"),
      ("--precision", ["f8"], "--precision f8: not one of f32, bf16, int8"),
      (
        "--log-level", ["loud"],
        "--log-level loud: not one of trace, debug, info, notice, warning, error, critical"
      ),
      ("--log-format", ["xml"], "--log-format xml: not one of text, json"),
      ("--metrics", ["9090"], "--metrics 9090: it is HOST:PORT"),
      ("--admin", ["a:1", "b:2"], "--admin a:1,b:2: given 2 times"),
      ("--slow-call", ["-1"], "--slow-call -1: not a whole number from 0 to 86400000"),
    ])
  func badFlags(flag: String, values: [String], message: String) {
    let error = refusal([flag: values].merging(["--model": ["m"]]) { own, _ in own })
    #expect(error == SettingsError(.badValue, message))
  }

  @Test("a bad variable is named")
  func badVariable() {
    let error = refusal(["--model": ["m"]], ["MILLPOND_THREADS": "many"])
    #expect(
      error
        == SettingsError(
          .badValue, "MILLPOND_THREADS many: not a whole number from 1 to 1024"))
  }

  @Test(
    "a bad file is named with its key",
    arguments: [
      ("{,", "millpond.json is not JSON: a key must stand here at byte 1"),
      ("[]", "millpond.json is not a JSON object"),
      (#"{"models":"a"}"#, "millpond.json: key 'models': not an array of strings"),
      (#"{"models":[1]}"#, "millpond.json: key 'models': not an array of strings"),
      (#"{"listen":7070}"#, "millpond.json: key 'listen': not a string"),
      (
        #"{"models":["a"],"threads":"2"}"#,
        "millpond.json: key 'threads': not a whole number from 1 to 1024"
      ),
      (
        #"{"models":["a"],"replicas":{"a":1.5}}"#,
        "millpond.json: key 'replicas': it is N, auto or NAME=N, with N from 1 to 1024"
      ),
      (
        #"{"models":["a"],"modle":1}"#,
        "millpond.json: unknown key 'modle'; the keys are listen, models, replicas, workers, "
          + "threads, precision, task, pooling, overrides, scoreTemplate, maxTokens, cache, "
          + "workerBinary, logLevel, logFormat, metrics, slowCall, "
          + "resultCache, hedge, admin"
      ),
    ])
  func badFiles(file: String, message: String) {
    #expect(refusal(file: file)?.message == message)
  }

  @Test("a file that is not there is named")
  func missingFile() {
    let error = #expect(throws: SettingsError.self) { try SettingsFile(path: "/nowhere/m.json") }
    #expect(
      error
        == SettingsError(
          .unreadable,
          "cannot read the configuration /nowhere/m.json: No such file or directory"))
  }

  @Test("a file is read from disk, and one that is too long is refused")
  func fileLengths() throws {
    let file = try TemporaryFile(Array(#"{"models":["a"]}"#.utf8))
    let read = try ServeSettings(
      flags: [:], environment: [:], file: try SettingsFile(path: file.path))
    #expect(read.models == [model("a", "a")])
    let long = try TemporaryFile([UInt8](repeating: 0x20, count: SettingsFile.byteCountMax + 1))
    let error = #expect(throws: SettingsError.self) { try SettingsFile(path: long.path) }
    #expect(
      error?.message.hasSuffix("is longer than a configuration can be: 1048576 bytes") == true)
  }

  @Test("nothing to serve is refused")
  func nothing() {
    #expect(
      refusal()
        == SettingsError(
          .conflict, "nothing to serve: give --model [NAME=]DIR or --worker HOST:PORT"))
  }

  @Test("two models of one name are refused, with both directories")
  func duplicates() {
    #expect(
      refusal(["--model": ["x/a", "y/a/"]])
        == SettingsError(
          .conflict,
          "two models are named 'a': x/a and y/a/; NAME=DIR names one differently"))
  }

  @Test("replicas of a model that is not there are refused")
  func unknownReplicas() {
    #expect(
      refusal(["--model": ["x/a"], "--replicas": ["b=2"]])
        == SettingsError(
          .conflict, "--replicas b=…: there is no such model; the models are a"))
  }
}

@Suite("Model arguments")
struct ModelArgumentTests {
  @Test(
    "the name is NAME, else the last component of the path",
    arguments: [
      ("a=x/y", "a", "x/y"), ("x/y", "y", "x/y"), ("x/y//", "y", "x/y//"),
      ("./a=b", "a=b", "./a=b"),
      ("a=b=c", "a", "b=c"), ("/", nil, nil), ("/usr/bin/..", "usr", "/usr/bin/.."),
    ])
  func names(text: String, name: String?, directory: String?) throws {
    guard let name, let directory else {
      #expect(throws: ValueError("no name: it is [NAME=]DIR")) { try ModelArgument(text) }
      return
    }
    #expect(try ModelArgument(text) == ModelArgument(name: name, directory: directory))
  }

  @Test("a name that is too long is refused with both lengths")
  func longName() {
    #expect(throws: ValueError("a name of 257 bytes is over 256")) {
      try ModelArgument(String(repeating: "n", count: 257) + "=d")
    }
  }
}
