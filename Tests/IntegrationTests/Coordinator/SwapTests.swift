import Foundation
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A model is swapped while calls are served")
  struct SwapTests {
    /// Classifies until told to stop; every answer must be whole and of one version.
    private func load(
      _ client: MillpondClient, _ inputs: [Input], until isOver: Flag
    ) async throws -> [String: [[Float]]] {
      var versions: [String: [[Float]]] = [:]
      while !isOver.isSet {
        let call = CallOptions.sections.with { $0.timeout = Patience.usual }
        let answer = try await client.classify(inputs, call: call)
        let values = try answer.values().map(\.values)
        if let known = versions[answer.fingerprint] {
          #expect(values == known)
        } else {
          versions[answer.fingerprint] = values
        }
      }
      return versions
    }

    @Test("by command: no call fails, and no answer mixes the two versions")
    func command() async throws {
      let copy = try ModelCopy()
      try copy.changeWeights()
      let server = try await TestServer.coordinator(
        [.sections()], ["--replicas", "2", "--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let inputs = Input.texts(
          try ClassificationReference.load().filter { $0.maxTokens == nil }.map(\.text))
        let isOver = Flag()
        let callers = (0..<3).map { _ in
          Task { try await load(client, inputs, until: isOver) }
        }
        let before = try await client.info().models[0].fingerprint
        let admin = try await server.adminAddress()
        let lines = try await millpond(
          "admin", "swap", "--server", admin, "sections=\(copy.directory)")
        #expect(lines.exit == .status(0))
        // Once, and no more: a command is not sent again.
        #expect(lines.text.split(separator: "\n").count == 3)
        let after = try await client.info()
        #expect(after.traffic[0].fingerprint != before)
        #expect(after.workers.count == 2)
        #expect(after.workers.allSatisfy { $0.fingerprint == after.traffic[0].fingerprint })
        isOver.set()
        for caller in callers {
          let versions = try await caller.value
          #expect(Set(versions.keys).isSubset(of: [before, after.traffic[0].fingerprint]))
        }
        // The old one cannot be pinned any more, and the refusal names what there is.
        let call = CallOptions.sections.with { $0.fingerprint = before }
        let error = try await callError { _ = try await client.classify(["x"], call: call) }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains(after.traffic[0].fingerprint))
      }
    }

    @Test("a worker of our own that is drained is replaced, one that is not there is told")
    func drain() async throws {
      let server = try await TestServer.coordinator(
        [.sections()], ["--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let admin = try await server.adminAddress()
        let before = try await client.info().workers.map(\.address)
        let drained = try await millpond("admin", "drain", "--server", admin, before[0])
        #expect(drained.exit == .status(0))
        #expect(drained.text.hasSuffix("ended: the old ones, 1 in number\n"))
        let after = try await client.info().workers.map(\.address)
        #expect(after.count == 1 && after != before)
        let again = try await millpond("admin", "drain", "--server", admin, before[0])
        #expect(again.exit == .status(1))
        #expect(again.messages.contains(before[0]))
      }
    }

    @Test("two operators at once: each swap is done once")
    func twoOperators() async throws {
      let copy = try ModelCopy()
      try copy.changeWeights()
      let server = try await TestServer.coordinator(
        [.sections()], ["--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let admin = try await server.adminAddress()
        let directories = [copy.directory, try Fixtures.small("debian-sections")]
        let ends = try await withThrowingTaskGroup(of: CommandResult.self) { group in
          for directory in directories {
            group.addTask {
              try await millpond("admin", "swap", "--server", admin, "sections=\(directory)")
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        for end in ends {
          #expect(end.exit == .status(0))
          #expect(end.text.split(separator: "\n").count == 3)
        }
        #expect(try await client.info().workers.count == 1)
      }
    }

    @Test("a configuration with a model that cannot start is refused, and what serves goes on")
    func brokenReload() async throws {
      let file = ScratchFolder.shared.newPath("serve.json")
      let model = try TestServer.Model.sections()
      let write = { (models: String) in
        try Data("{\"models\": [\(models)]}".utf8).write(to: URL(fileURLWithPath: file))
      }
      let sections = "\"sections=\(model.directory)\""
      try write(sections)
      let server = try await TestServer.coordinator(
        [], ["--config", file, "--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let admin = try await server.adminAddress()
        for models in [sections + ", \"other=/no/model\"", "nonsense"] {
          try write(models)
          let reloaded = try await millpond("admin", "reload", "--server", admin)
          #expect(reloaded.exit == .status(1))
          #expect(!reloaded.messages.isEmpty)
          #expect(try await client.classify(["a library"], call: .sections).values().count == 1)
        }
        try write(sections)
        let last = try await millpond("admin", "reload", "--server", admin)
        #expect(last.exit == .status(0))
        #expect(try await client.info().workers.count == 1)
      }
    }

    @Test("a worker elsewhere that was drained is left alone until a reload")
    func drainElsewhere() async throws {
      let workers = [
        try await TestServer.worker(.sections()), try await TestServer.worker(.sections()),
      ]
      let file = ScratchFolder.shared.newPath("serve.json")
      let list = workers.map { "\"\($0.address)\"" }.joined(separator: ", ")
      try Data("{\"workers\": [\(list)]}".utf8).write(to: URL(fileURLWithPath: file))
      let server = try await TestServer.coordinator(
        [], ["--config", file, "--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let admin = try await server.adminAddress()
        let address = workers[0].address.description
        let drained = try await millpond("admin", "drain", "--server", admin, address)
        #expect(drained.exit == .status(0))
        #expect(try await client.info().workers.allSatisfy { $0.address != address })
        let reloaded = try await millpond("admin", "reload", "--server", admin)
        #expect(reloaded.exit == .status(0))
        try await eventually("it is taken up again") {
          try await client.info().workers.contains { $0.address == address && $0.state == "ready" }
        }
      }
      // What was asked for, and done, is in the log.
      #expect(server.process.standardError.contains("an operator asks"))
    }

    @Test("a directory that does not serve changes nothing, and the reason is told")
    func refused() async throws {
      let server = try await TestServer.coordinator(
        [.sections()], ["--admin", "127.0.0.1:0", "--log-format", "json"])
      try await server.withClient { client in
        let admin = try await server.adminAddress()
        let refused = try await millpond("admin", "swap", "--server", admin, "sections=/no/model")
        #expect(refused.exit == .status(1))
        #expect(try await client.classify(["a library"], call: .sections).values().count == 1)
        #expect(try await client.info().workers.count == 1)
        let unknown = try await millpond("admin", "swap", "--server", admin, "other=/no/model")
        #expect(unknown.messages.contains("'other'"))
      }
    }
  }
}

extension TestServer {
  /// Where it listens for administration, as its log says.
  fileprivate func adminAddress() async throws -> String {
    try await eventually("the log tells the administration address") {
      let log = process.standardError
      let lines = log.split(separator: "\n")
      guard let line = lines.first(where: { $0.contains("administration is served") }),
        let range = line.range(of: #""address":""#)
      else { return nil }
      return String(line[range.upperBound...].prefix { $0 != "\"" })
    }
  }
}
