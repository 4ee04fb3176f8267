import ArgumentParser
import Testing
import millpond

@Suite("Command line")
struct ParsingTests {
  /// What is said of a command line that is refused; nil if it is not.
  private func refusal(_ arguments: [String]) -> String? {
    do {
      _ = try Millpond.parseAsRoot(arguments)
      return nil
    } catch {
      #expect(Millpond.exitCode(for: error) == .validationFailure)
      return Millpond.message(for: error)
    }
  }

  @Test(
    "the lines of the contract are understood",
    arguments: [
      [
        "serve", "--model", "a=x", "--model", "y", "--replicas", "2", "--replicas", "a=3",
        "--worker", "h:1", "--listen", "127.0.0.1:0",
      ],
      ["embed", "--server", "h:1", "--wait", "2.5", "--deadline", "0", "text", "--json"],
      ["embed", "--model", "x", "--precision", "f32", "--threads", "2", "--input", "-"],
      ["embed", "--server", "h:1", "--prompt", "", "--dimensions", "64", "--no-normalize", "text"],
      ["embed", "--server", "h:1", "--truncate", "left", "--max-tokens", "8", "--", "-text"],
      ["embed", "--server", "h:1", ""],
      ["classify", "--server", "h:1", "--name", "n", "--jsonl", "-", "--raw"],
      ["score", "--server", "h:1", "--query", "-why", "document", "--top", "3", "--raw"],
      ["score", "--server", "h:1", "--query", "q", "--input", "f"],
      ["score", "--server", "h:1", "--jsonl", "f"],
      ["tokenize", "--model", "x", "--truncate", "right", "text"],
      ["info", "--server", "h:1", "--json"], ["health", "--server", "h:1", "--wait", "30"],
      ["health", "--server", "h:1,h:2", "--server", "h:3", "--watch", "--token", "t"],
      [
        "embed", "--server", "h:1,[::1]:2", "--pin", "f-1", "--no-sharing", "--priority", "bulk",
        "--request-id", "r", "--token", "t", "text",
      ],
      ["check", "--config", "f"], ["serve", "--config", "f", "--print-config"],
      ["top", "--server", "h:1", "--interval", "2"], ["admin", "swap", "--server", "h:1", "m=x"],
    ])
  func understood(arguments: [String]) {
    #expect(refusal(arguments) == nil)
  }

  @Test(
    "inputs that are missing or double are refused",
    arguments: [
      (["embed", "--server", "h:1"], "no input: give one of TEXT …, --input, --jsonl"),
      (
        ["embed", "--server", "h:1", "text", "--input", "f"],
        "TEXT … and --input exclude each other: give one of TEXT …, --input, --jsonl"
      ),
      (
        ["classify", "--input", "f", "--jsonl", "g"],
        "--input and --jsonl exclude each other: give one of TEXT …, --input, --jsonl"
      ),
      (["score", "document"], "no query: give --query with documents, or pairs with --jsonl"),
      (["score", "--query", "q"], "no input: give one of DOCUMENT …, --input"),
      (
        ["score", "--query", "q", "--jsonl", "f"],
        "--query and --jsonl exclude each other: a pair has its own query"
      ),
      (["score", "--jsonl", "f", "document"], "DOCUMENT … goes with --query, not with --jsonl"),
      (["score", "--jsonl", "f", "--input", "g"], "--input goes with --query, not with --jsonl"),
    ])
  func inputs(arguments: [String], message: String) {
    #expect(refusal(arguments) == message)
  }

  @Test(
    "values out of range and flags that do not go together are refused",
    arguments: [
      (
        ["embed", "--server", "h:1", "--model", "x", "t"], "--server and --model exclude each other"
      ),
      (["embed", "--wait", "-1", "t"], nil),
      (["embed", "--wait", "1e9", "t"], "--wait 1000000000.0: it is seconds from 0 on"),
      (
        ["embed", "--deadline", "86400001", "t"],
        "--deadline 86400001: it is milliseconds from 0 to 86400000"
      ),
      (["embed", "--model", "x", "--threads", "0", "t"], "--threads 0: it is 1 or more"),
      (
        ["embed", "--server", "h:1", "--threads", "2", "t"],
        "--threads goes with --model, where a worker is started"
      ),
      (
        ["embed", "--server", "h:1", "--worker-binary", "w", "t"],
        "--worker-binary goes with --model, where a worker is started"
      ),
      (
        ["embed", "--server", "h:1", "--overrides", "f", "t"],
        "--overrides goes with --model, where a worker is started"
      ),
      (
        ["embed", "--model", "x", "--task", "score", "t"],
        "--task score: not one of embed, classify, token-embed, token-classify"
      ),
      (
        ["classify", "--model", "x", "--pooling", "median", "t"],
        "--pooling median: not one of cls, mean, max, mean-sqrt, weighted-mean, last"
      ),
      (["embed", "--dimensions", "0", "t"], "--dimensions 0: it is 1 or more"),
      (
        ["embed", "--max-tokens", "4294967296", "t"],
        "--max-tokens 4294967296: it is a count of tokens"
      ),
      (["score", "--query", "q", "--top", "0", "d"], "--top 0: it is 1 or more"),
      (["info", "--wait", "1e9"], "--wait 1000000000.0: it is seconds from 0 on"),
      (
        ["health", "--deadline", "86400001"],
        "--deadline 86400001: it is milliseconds from 0 to 86400000"
      ),
      (["embed", "--truncate", "middle", "t"], nil), (["embed", "--unknown", "t"], nil),
      (["unknown"], nil), (["embed", "--priority", "high", "t"], nil),
      (["info", "--pin", "f"], nil), (["embed", "--normalize", "--no-normalize", "t"], nil),
    ] as [([String], String?)])
  func values(arguments: [String], message: String?) throws {
    let said = try #require(refusal(arguments))
    // What the parser refuses by itself it words by itself; it names the flag or word.
    #expect(message == nil || said == message)
    #expect(!said.isEmpty)
  }

  @Test(
    "forms of embeddings that exclude each other are refused by name",
    arguments: [
      (["embed", "--tokens", "--sparse", "t"], "--tokens and --sparse exclude each other"),
      (
        ["embed", "--output", "f.npy", "--tokens", "t"],
        "--output holds one vector for each text: it goes without --tokens"
      ),
      (
        ["embed", "--output", "f.npy", "--sparse", "t"],
        "--output holds one vector for each text: it goes without --sparse"
      ),
      (
        ["embed", "--output", "f.npy", "--element-type", "bf16", "t"],
        "--element-type bf16: .npy has no such type; use f16 or f32, or --json"
      ),
      (["embed", "--output", "f.bin", "t"], "--output f.bin: its name must end in .npy"),
      (["embed", "--output", "f.npy", "--json", "t"], "--json and --output exclude each other"),
      (
        ["embed", "--sparse", "--dimensions", "4", "t"],
        "--dimensions goes with vectors, not with --sparse"
      ),
      (
        ["embed", "--sparse", "--no-normalize", "t"],
        "--normalize goes with vectors, not with --sparse"
      ),
    ])
  func forms(arguments: [String], message: String) {
    #expect(refusal(arguments) == message)
  }

  @Test(
    "a precision that does not exist is refused by name",
    arguments: [
      (
        ["embed", "--model", "x", "--precision", "f64", "t"],
        "--precision f64: not one of f32, bf16, int8"
      )
    ])
  func noSuchPrecision(arguments: [String], message: String) {
    #expect(refusal(arguments) == message)
  }

  @Test(
    "every command's help shows what it is for, with an example",
    arguments: [
      "serve", "check", "embed", "classify", "score", "tokenize", "inspect", "info", "health",
      "bench",
    ])
  func help(command: String) throws {
    let help = try helpScreen([command, "--help"])
    #expect(help.contains("  millpond \(command)"))
    // Examples are there to be copied: none is broken over lines.
    for line in help.split(separator: "\n") where line.hasPrefix("  millpond ") {
      #expect(line.count <= 79)
    }
  }

  @Test("the first help names every command")
  func rootHelp() throws {
    let help = try helpScreen(["--help"])
    let commands = "serve check embed classify score tokenize inspect info health bench top admin"
    for command in commands.split(separator: " ") {
      #expect(help.contains("\n  \(command) "))
    }
  }

  /// The help that a command line asks for.
  private func helpScreen(_ arguments: [String]) throws -> String {
    // `bench` hands all its arguments on, help too: it is shown by the other way to ask.
    let arguments = arguments[0] == "bench" ? ["help", "bench"] : arguments
    let error = try #require(throws: (any Error).self) {
      var command = try Millpond.parseAsRoot(arguments)
      try command.run()
    }
    #expect(Millpond.exitCode(for: error).isSuccess)
    return Millpond.fullMessage(for: error, columns: 80)
  }
}
