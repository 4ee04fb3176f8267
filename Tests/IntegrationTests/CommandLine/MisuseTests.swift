import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A wrong command line ends with 2 and says what is wrong")
  struct MisuseTests {
    /// A command line and what its message must name.
    struct Misuse: Sendable, CustomTestStringConvertible {
      var arguments: [String]
      var says: String

      init(_ arguments: String..., says: String) {
        self.arguments = arguments
        self.says = says
      }

      var testDescription: String { arguments.joined(separator: " ") }
    }

    private static let server = "127.0.0.1:1"

    @Test(
      "contradictions, missing values and unknown flags",
      arguments: [
        Misuse("embed", "text", says: "--server"),
        Misuse("embed", "--server", server, says: "TEXT"),
        Misuse("embed", "--server", server, "--model", "x", "text", says: "--model"),
        Misuse("embed", "--server", server, "text", "--input", "-", says: "--input"),
        Misuse("embed", "--server", server, "--jsonl", "-", "--input", "-", says: "--jsonl"),
        Misuse("embed", "--server", "nonsense", "text", says: "nonsense"),
        Misuse("embed", "--server", "127.0.0.1:99999", "text", says: "99999"),
        Misuse("embed", "--server", server, "--truncate", "middle", "text", says: "middle"),
        Misuse("embed", "--server", server, "--max-tokens", "many", "text", says: "many"),
        Misuse("embed", "--server", server, "--dimensions", "0", "text", says: "--dimensions"),
        Misuse("embed", "--server", server, "--deadline", "-1", "text", says: "deadline"),
        Misuse("embed", "--server", server, "--wait", "long", "text", says: "long"),
        Misuse("embed", "--server", server, "--no-such-flag", "text", says: "--no-such-flag"),
        Misuse("embed", "--server", server, "--raw", "text", says: "--raw"),
        Misuse("embed", "--model", "", "text", says: "--model"),
        Misuse("classify", "--server", server, "--prompt", "x", "text", says: "--prompt"),
        Misuse("score", "--server", server, "document", says: "query"),
        Misuse("score", "--server", server, "--query", "q", says: "DOCUMENT"),
        Misuse("score", "--server", server, "--query", "q", "--top", "0", "d", says: "--top"),
        Misuse("score", "--server", server, "--query", "q", "--jsonl", "-", says: "--jsonl"),
        Misuse("serve", says: "--model"),
        Misuse("serve", "--model", "a/same", "--model", "b/same", says: "same"),
        Misuse("serve", "--model", "x=a", "--replicas", "y=2", says: "y"),
        Misuse("serve", "--model", "x=a", "--replicas", "0", says: "--replicas"),
        Misuse("serve", "--model", "x=a", "--listen", "here", says: "here"),
        Misuse("serve", "--worker", "there", says: "there"),
        Misuse("inspect", says: "--model"),
        Misuse("info", says: "--server"),
        Misuse("health", says: "--server"),
        Misuse("no-such-command", says: "no-such-command"),
      ])
    func misuse(misuse: Misuse) async throws {
      let result = try await millpond(misuse.arguments.map { Array($0.utf8) })
      #expect(result.exit == .status(2))
      #expect(result.output.isEmpty)
      #expect(result.messages.contains(misuse.says), "it said: \(result.messages)")
    }

    @Test("at a server with several models none named is misuse, and they are listed")
    func severalModels() async throws {
      for command in ["embed", "classify", "tokenize"] {
        let result = try await call(command, "--json", "text")
        #expect(result.exit == .status(2))
        #expect(result.output.isEmpty)
        for name in ["minilm", "sections", "reranker", "--name"] {
          #expect(result.messages.contains(name))
        }
      }
    }

    @Test("a model that the server does not have is NOT_FOUND on every line")
    func unknownModel() async throws {
      let result = try await call("embed", "--name", "other", "--json", "a", "b")
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 2)
      #expect(lines.allSatisfy { $0.errorCode == "NOT_FOUND" })
      #expect(lines.allSatisfy { $0.errorMessage?.contains("'minilm'") == true })
    }

    @Test("help and version are no misuse")
    func help() async throws {
      for arguments in [["--help"], ["embed", "--help"], ["inspect", "--help"], ["--version"]] {
        let result = try await millpond(arguments.map { Array($0.utf8) })
        #expect(result.exit == .status(0))
        #expect(!result.output.isEmpty)
        #expect(result.messages.isEmpty)
      }
    }
  }
}
