import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("What a command line reads")
  struct InputTests {
    private func tokens(_ lines: [JSON]) -> [String] {
      lines.map { line in
        line["tokens"]?.elements.compactMap(\.string).dropFirst().dropLast()
          .joined(separator: " ") ?? line.errorCode ?? "?"
      }
    }

    private func tokenize(_ arguments: [String], _ input: [UInt8] = []) async throws -> [String] {
      let result = try await call(
        "tokenize", ["--name", "minilm", "--json"] + arguments, input: input)
      #expect(result.messages.isEmpty)
      let lines = try result.lines()
      expectInOrder(lines, count: lines.count)
      #expect(
        result.exit == .status(lines.contains { $0.errorCode != nil } ? 1 : 0))
      return tokens(lines)
    }

    @Test(
      "--input splits at LF, and a blank line is an input",
      arguments: [
        ("", []), ("\n", [""]), ("one", ["one"]), ("one\n", ["one"]),
        ("one\ntwo", ["one", "two"]), ("one\r\ntwo\r\n", ["one", "two"]),
        ("one\n\n\ntwo\n", ["one", "", "", "two"]), ("\r\n\r\none", ["", "", "one"]),
        ("one\rtwo\n", ["one two"]), ("  one  \n", ["one"]), ("one\u{0}two\n", ["one ##tw ##o"]),
        ("\"one\"\n", ["\" one \""]),
      ] as [(String, [String])])
    func lines(input: String, expected: [String]) async throws {
      var expected = expected
      // NUL is taken out before the words are split.
      if input.contains("\u{0}") { expected = try await tokenize(["onetwo"]) }
      #expect(try await tokenize(["--input", "-"], Array(input.utf8)) == expected)
    }

    @Test("a line that is no UTF-8 fails at its index, the rest go on")
    func invalidUTF8() async throws {
      let input = Array("one\n".utf8) + [0xC3, 0x28, 0x0A] + Array("three\n".utf8)
      #expect(
        try await tokenize(["--input", "-"], input) == ["one", "INVALID_ARGUMENT", "three"])
    }

    @Test("an argument that is no UTF-8 fails at its index, the rest go on")
    func invalidArgument() async throws {
      let address = try await SharedServer.coordinator.server.address.description
      let options = ["tokenize", "--server", address, "--name", "minilm", "--json"]
      let result = try await millpond(
        options.map { Array($0.utf8) } + [Array("one".utf8), [0xFF, 0xFE], Array("two".utf8)])
      #expect(result.exit == .status(1))
      #expect(tokens(try result.lines()) == ["one", "INVALID_ARGUMENT", "two"])
    }

    @Test("arguments are texts as they are: empty ones, line ends, and after -- dashes")
    func arguments() async throws {
      #expect(try await tokenize(["one", "", "two\nthree"]) == ["one", "", "two three"])
      #expect(try await tokenize(["--", "-one", "--two"]) == ["- one", "- - two"])
    }

    @Test("--jsonl takes strings, pairs and token ids; a bad line is an error at its index")
    func jsonLines() async throws {
      let input = #"""
        "one"
        "one\ntwo\u0000"
        {"query":"one","document":"two"}
        [101,2028,102]
        nonsense
        12
        null
        {"query":"one"}
        {"query":"one","document":"two","more":1}
        [1,-1]
        [1.5]
        [99999999999]
        "\ud800"

        ""
        []
        "last"
        """#
      let bad = "INVALID_ARGUMENT"
      #expect(
        try await tokenize(["--jsonl", "-"], Array(input.utf8)) == [
          "one", "one two", "one [SEP] two", "one", bad, bad, bad, bad, bad, bad, bad, bad, bad,
          bad, "", bad, "last",
        ])
    }

    @Test("each command takes the kinds of lines that its call takes")
    func kinds() async throws {
      let input = "\"a library\"\n{\"query\":\"a\",\"document\":\"b\"}\n[2,611,3]\n"
      let takes = ["embed": [true, false, true], "classify": [true, true, true]]
      for (command, expected) in takes {
        let name = command == "embed" ? "minilm" : "sections"
        let result = try await call(
          command, "--name", name, "--json", "--jsonl", "-", input: input)
        let lines = try result.lines()
        expectInOrder(lines, count: 3)
        #expect(lines.map { $0.errorCode == nil } == expected, "\(command)")
      }
    }

    @Test("files are read like standard input, and a missing one is named")
    func files() async throws {
      let path = ScratchFolder.shared.newPath("lines.txt")
      try writeFile(path, "one\ntwo\n")
      #expect(try await tokenize(["--input", path]) == ["one", "two"])
      let missing = try await call("tokenize", "--name", "minilm", "--input", "/nowhere/lines.txt")
      #expect(missing.exit == .status(2))
      #expect(missing.messages.contains("/nowhere/lines.txt"))
      #expect(missing.output.isEmpty)
    }

    @Test("five thousand lines are answered in order")
    func manyLines() async throws {
      let input = (0..<5_000).map { "description number \($0)\n" }.joined()
      let result = try await call(
        "classify", "--name", "sections", "--json", "--input", "-", input: input)
      #expect(result.exit == .status(0))
      let lines = try result.lines()
      expectInOrder(lines, count: 5_000)
      // Spread over calls and pieces, each has its own answer.
      let some = try await call(
        "classify", "--name", "sections", "--json", "description number 7",
        "description number 4321")
      let expected = try some.lines().map { $0.floats("probabilities") }
      #expect(sameBits([7, 4_321].map { lines[$0].floats("probabilities") }, expected))
    }

    @Test("answers come while input is still open")
    func streaming() async throws {
      let address = try await SharedServer.coordinator.server.address.description
      let process = try ChildProcess(
        Executables.millpond(),
        ["tokenize", "--server", address, "--name", "minilm", "--json", "--input", "-"],
        input: .held)
      try process.write(Array("one\ntwo\n".utf8))
      try await eventually("two lines are answered") {
        process.standardOutput.count { $0 == 0x0A } == 2
      }
      #expect(process.isRunning)
      process.endInput()
      #expect(try await process.exit() == .status(0))
    }

    @Test("a reader that closes early ends the command without a complaint")
    func closedOutput() async throws {
      let address = try await SharedServer.coordinator.server.address.description
      let input = (0..<5_000).map { "description number \($0)\n" }.joined()
      let process = try ChildProcess(
        Executables.millpond(),
        ["classify", "--server", address, "--name", "sections", "--json", "--input", "-"],
        input: .bytes(Array(input.utf8)), output: .stream)
      #expect(try await !process.readOutput().isEmpty)
      process.closeOutput()
      #expect(try await process.exit() == .status(0))
      #expect(process.standardError.isEmpty)
    }

    @Test("Ctrl-C ends a command with 130")
    func interrupt() async throws {
      let address = try await SharedServer.coordinator.server.address.description
      let process = try ChildProcess(
        Executables.millpond(),
        ["tokenize", "--server", address, "--name", "minilm", "--json", "--input", "-"],
        input: .held)
      try process.write(Array("one\n".utf8))
      try await eventually("a line is answered") { !process.standardOutput.isEmpty }
      process.send(2)
      #expect(try await process.exit(within: .seconds(5)) == .status(130))
      #expect(process.standardError.isEmpty)
    }
  }
}
