import ServiceSupport
import Testing

@Suite("Settings of models in place of their directories")
struct WorkerOverridesTests {
  private func settings(
    _ flags: [String: [String]], _ environment: [String: String] = [:], file: String? = nil
  ) throws -> ServeSettings {
    let file = try file.map { try SettingsFile(path: "millpond.json", bytes: Array($0.utf8)) }
    return try ServeSettings(
      flags: flags.merging(["--model": ["a=x", "b=y"]]) { own, _ in own },
      environment: environment, file: file)
  }

  @Test("a value is of every model, NAME=VALUE of one, and both may be said")
  func perModel() throws {
    let overrides = try settings([
      "--task": ["b=classify"], "--max-tokens": ["128", "a=64"], "--pooling": ["cls"],
      "--overrides": ["./x=y.json"], "--score-template": ["b=./t=1.txt"],
    ]).overrides
    #expect(
      overrides.arguments(of: "a")
        == ["--pooling", "cls", "--overrides", "./x=y.json", "--max-tokens", "64"])
    #expect(
      overrides.arguments(of: "b")
        == [
          "--task", "classify", "--pooling", "cls", "--overrides", "./x=y.json",
          "--score-template", "./t=1.txt", "--max-tokens", "128",
        ])
  }

  @Test("nothing said is no flag")
  func nothing() throws {
    #expect(try settings([:]).overrides.arguments(of: "a").isEmpty)
  }

  @Test("variables and the file say them too, and the file may name models")
  func sources() throws {
    let overrides = try settings(
      [:], ["MILLPOND_TASK": "embed,b=classify"],
      file: #"{"maxTokens":{"a":9,"*":7},"scoreTemplate":"t.txt","pooling":{"b":"mean"}}"#
    ).overrides
    #expect(
      overrides.arguments(of: "a")
        == ["--task", "embed", "--score-template", "t.txt", "--max-tokens", "9"])
    #expect(
      overrides.arguments(of: "b")
        == [
          "--task", "classify", "--pooling", "mean", "--score-template", "t.txt", "--max-tokens",
          "7",
        ])
    let text = String(
      decoding: try settings(["--max-tokens": ["a=5", "6"]]).effectiveConfiguration,
      as: UTF8.self)
    #expect(
      text.contains(#""maxTokens": {"value": {"*":"6","a":"5"}, "from": "flag --max-tokens"}"#))
  }

  @Test(
    "what is wrong is named",
    arguments: [
      (
        "--task", ["score"],
        "--task score: not one of embed, classify, token-embed, token-classify"
      ),
      (
        "--pooling", ["a=median"],
        "--pooling a=median: not one of cls, mean, max, mean-sqrt, "
          + "weighted-mean, last"
      ),
      ("--max-tokens", ["0"], "--max-tokens 0: not a count of tokens"),
      ("--overrides", ["a="], "--overrides a=: it is VALUE or NAME=VALUE"),
      ("--overrides", ["f", "g"], "--overrides f,g: the value of every model is given twice"),
      (
        "--task", ["a=embed", "a=classify"],
        "--task a=embed,a=classify: the value of 'a' is given "
          + "twice"
      ),
      (
        "--score-template", ["c=t"],
        "--score-template c=…: there is no such model; the models are "
          + "a, b"
      ),
    ])
  func refusals(flag: String, values: [String], message: String) {
    let error = #expect(throws: SettingsError.self) { try settings([flag: values]) }
    #expect(error?.message == message)
  }

  @Test("they go with models of our own")
  func remoteOnly() {
    let error = #expect(throws: SettingsError.self) {
      try ServeSettings(
        flags: ["--worker": ["h:1"], "--task": ["embed"]], environment: [:], file: nil)
    }
    #expect(error?.message == "--task goes with --model, where a worker is started")
    let file = #expect(throws: SettingsError.self) {
      try settings([:], file: #"{"task":["embed"]}"#)
    }
    #expect(
      file?.message
        == "millpond.json: key 'task': not a text, nor an object of texts by model")
  }
}
