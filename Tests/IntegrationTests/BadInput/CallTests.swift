import MillpondClient
import TestSupport
import Testing
import Wire

import struct MillpondClient.Input

extension Integration {
  @Suite("Calls that cannot be answered")
  struct CallTests {
    @Test("a model that is not served is NOT_FOUND, and those served are listed")
    func unknownModel() async throws {
      try await ServerKind.worker.withClient { client in
        let error = try await callError {
          _ = try await client.embed(["x"], call: CallOptions(model: "other"))
        }
        #expect(error.code == .notFound)
        #expect(error.message == "model 'other' is not served here; served: 'minilm'")
        #expect(!error.isRetryable)
      }
      try await ServerKind.coordinator.withClient { client in
        let error = try await callError {
          _ = try await client.embed(["x"], call: CallOptions(model: "other"))
        }
        #expect(error.code == .notFound)
        #expect(
          error.message
            == "model 'other' is not served here; served: 'minilm', 'reranker', 'sections'")
      }
    }

    @Test("a call without a model means the only one; of several it must name one")
    func unnamedModel() async throws {
      try await ServerKind.worker.withClient { client in
        let values = try await client.embed(["x"]).values()
        #expect(values.count == 1)
      }
      try await ServerKind.coordinator.withClient { client in
        let error = try await callError { _ = try await client.embed(["x"]) }
        #expect(error.code == .invalidArgument)
        #expect(
          error.message
            == "the call names no model and several are served: 'minilm', 'reranker', 'sections'")
      }
    }

    @Test(
      "an unknown method is UNIMPLEMENTED, and the connection goes on",
      arguments: ServerKind.allCases)
    func unknownMethod(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        var head = RequestHead(method: .embed, model: "minilm")
        head.methodNumber = 99
        try await peer.send(WireBytes.hello())
        try await peer.send(
          WireBytes.frame(.request, flags: .end, callID: 1, head: head.encoded()))
        let status = try await peer.readResponseHead().status
        #expect(status.code == .unimplemented)
        #expect(status.reason == .unknownMethod)
        #expect(status.message == "method 99 is not known here")
        try await peer.send(WireBytes.embed(2, ["x"], model: "minilm"))
        #expect(try await peer.readResponseHead().status.isOK)
      }
    }

    @Test(
      "Embed on a classifier is FAILED_PRECONDITION that says why", arguments: ServerKind.allCases)
    func embedOnClassifier(kind: ServerKind) async throws {
      try await kind.classifier.withClient { client in
        let error = try await callError { _ = try await client.embed(["x"], call: .sections) }
        #expect(error.code == .failedPrecondition)
        #expect(
          error.message == "model sections is a classifier with 20 labels: it has no embeddings")
      }
    }

    @Test(
      "Classify on an embedding model is FAILED_PRECONDITION that says why",
      arguments: ServerKind.allCases)
    func classifyOnEmbedder(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let error = try await callError { _ = try await client.classify(["x"], call: .miniLM) }
        #expect(error.code == .failedPrecondition)
        #expect(
          error.message == "model minilm is an embedding model: it has no labels to classify by")
      }
    }

    @Test(
      "Score on a classifier with many labels is FAILED_PRECONDITION that says why",
      arguments: ServerKind.allCases)
    func scoreOnClassifier(kind: ServerKind) async throws {
      try await kind.classifier.withClient { client in
        let error = try await callError {
          _ = try await client.score(query: "x", documents: ["y"], call: .sections)
        }
        #expect(error.code == .failedPrecondition)
        #expect(
          error.message
            == "model sections cannot score: the model is a classifier with 20 labels, and a score "
            + "needs exactly one")
      }
    }

    @Test(
      "the error of a whole call is the same for one input and for many",
      arguments: ServerKind.allCases)
    func wrongTaskOfMany(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let inputs = (0..<500).map { Input.text("text number \($0)") }
        let error = try await callError { _ = try await client.classify(inputs, call: .miniLM) }
        #expect(error.code == .failedPrecondition)
        #expect(error.inputIndex == nil)
      }
    }

    @Test(
      "queries that do not pair with the documents are INVALID_ARGUMENT",
      arguments: ServerKind.allCases)
    func pairing(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let error = try await callError {
          _ = try await client.score(
            queries: [[0x61], [0x62]], documents: [[0x63], [0x64], [0x65]], call: .miniLM)
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix("2 queries against 3 documents"))
      }
    }

    @Test(
      "an instruction is INVALID_ARGUMENT on a model without a score template",
      arguments: ServerKind.allCases)
    func instruction(kind: ServerKind) async throws {
      try await kind.withClient { client in
        for instruction in [[], Array("find news".utf8)] as [[UInt8]] {
          let error = try await callError {
            _ = try await client.score(
              queries: [[0x61]], documents: [[0x62], [0x63]], instruction: instruction,
              call: .miniLM)
          }
          #expect(error.code == .invalidArgument)
          #expect(
            error.message == "model minilm has no score template: its pairs take no instruction")
        }
      }
    }

    @Test(
      "numbers and names that the model does not have are INVALID_ARGUMENT",
      arguments: ServerKind.allCases)
    func options(kind: ServerKind) async throws {
      try await kind.withClient { client in
        for dimensions in [0, 385] {
          let error = try await callError {
            _ = try await client.embed(
              ["x"], options: EmbedOptions(dimensions: dimensions), call: .miniLM)
          }
          #expect(error.code == .invalidArgument)
          #expect(
            error.message == "dimensions \(dimensions) is out of range: model minilm takes 1…384")
        }
        let error = try await callError {
          _ = try await client.embed(
            ["x"], options: EmbedOptions(prompt: "query"), call: .miniLM)
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "model minilm has no such prompt: it has none")
      }
    }

    @Test("a call without inputs has an empty answer", arguments: ServerKind.allCases)
    func noInputs(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let vectors = try await client.embed([], call: .miniLM).results
        #expect(vectors.isEmpty)
        let tokens = try await client.tokenize([], call: .miniLM).results
        #expect(tokens.isEmpty)
      }
    }

    @Test("a zero deadline is DEADLINE_EXCEEDED for every input", arguments: ServerKind.allCases)
    func zeroDeadline(kind: ServerKind) async throws {
      try await kind.withClient { client in
        // As the error of the call, or of each input: a worker answers what it had done in time.
        let call = CallOptions.miniLM.with { $0.timeout = .zero }
        for _ in 0..<3 {
          let error = try await callError {
            let results = try await client.embed(["x", "y"], call: call).results
            #expect(results.map { $0.error?.code } == [.deadlineExceeded, .deadlineExceeded])
            _ = try results[0].get()
          }
          #expect(error.code == .deadlineExceeded)
        }
      }
    }

    @Test("a call that cannot end in time ends in time", arguments: ServerKind.allCases)
    func shortDeadline(kind: ServerKind) async throws {
      let texts = try EmbeddingReference.load().texts
      try await kind.withClient { client in
        // Some 100,000 tokens: seconds of work.
        let inputs = (0..<400).map { Input.text(utf8: texts[107 + $0 % 5]) }
        let call = CallOptions.miniLM.with {
          $0.timeout = .milliseconds(150)
          $0.truncation = .right
        }
        let (error, duration) = try await timed {
          try await callError {
            // A worker answers what it had done, and says of the rest that time was over.
            for result in try await client.embed(inputs, call: call).results {
              _ = try result.get()
            }
          }
        }
        #expect(error.code == .deadlineExceeded)
        #expect(duration < .seconds(3))
      }
    }

    @Test("a cancelled call ends at once, and its work is dropped", arguments: ServerKind.allCases)
    func cancel(kind: ServerKind) async throws {
      let texts = try EmbeddingReference.load().texts
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        try await peer.send(WireBytes.hello())
        let long = (0..<600).map { String(decoding: texts[107 + $0 % 5], as: UTF8.self) }
        try await peer.send(WireBytes.embed(1, long, model: "minilm"))
        try await peer.send(WireBytes.frame(.cancel, callID: 1))
        #expect(try await peer.readResponseHead().status.code == .cancelled)
        // Work of some ten seconds would still be in the way.
        let (_, duration) = try await timed {
          try await peer.send(WireBytes.embed(2, ["x"], model: "minilm"))
          #expect(try await peer.readResponseHead().status.isOK)
        }
        #expect(duration < .seconds(3))
      }
    }

    @Test("a task's cancellation cancels its call", arguments: ServerKind.allCases)
    func taskCancel(kind: ServerKind) async throws {
      let texts = try EmbeddingReference.load().texts
      try await kind.withClient { client in
        let inputs = (0..<600).map { Input.text(utf8: texts[107 + $0 % 5]) }
        let call = CallOptions.miniLM.with { $0.truncation = .right }
        let task = Task { try await client.embed(inputs, call: call) }
        task.cancel()
        let error = try await callError { _ = try await task.value }
        #expect(error.code == .cancelled)
      }
    }

    @Test("ten thousand inputs in one call are answered, in order")
    func tenThousand() async throws {
      try await ServerKind.coordinator.withClient { client in
        // One token each, all different, so that their order can be seen and time is spared.
        let inputs = (0..<10_000).map { Input.ids([UInt32(1_000 + $0)]) }
        let vectors = try await client.embed(inputs, call: .miniLM).values().map(\.vector)
        #expect(Set(vectors).count == 10_000)
        let some = stride(from: 0, to: 10_000, by: 97).map { $0 }
        let alone = try await client.embed(some.map { inputs[$0] }, call: .miniLM)
        #expect(
          difference(try alone.values().map(\.vector), some.map { vectors[$0] })
            == 0)
      }
    }

    @Test("more inputs than a call may have are refused", arguments: ServerKind.allCases)
    func tooManyInputs(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let inputs = [Input](repeating: .ids([1]), count: 65_537)
        let error = try await callError { _ = try await client.embed(inputs, call: .miniLM) }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "65537 inputs in one call, the server's limit is 65536")
      }
      // The client knows by the server's hello; the server must know as well.
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        let head = RequestHead(method: .embed, model: "minilm", inputCount: 65_537)
        try await peer.send(WireBytes.hello())
        try await peer.send(
          WireBytes.frame(.request, flags: .end, callID: 1, head: head.encoded()))
        let status = try await peer.readResponseHead().status
        #expect(status.code == .invalidArgument)
        #expect(status.reason == .limit)
        #expect(status.message == "65537 inputs in one call, the limit is 65536")
      }
    }

    @Test(
      "a body that does not decode is refused, and the connection goes on",
      arguments: ServerKind.allCases)
    func garbageBody(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        try await peer.send(WireBytes.hello())
        // Counts and sizes that a coordinator cuts a call by, and that are not true.
        let heads = [
          RequestHead(method: .embed, model: "minilm"),
          RequestHead(method: .embed, model: "minilm", inputCount: 3, textByteCount: 100_000_000),
          RequestHead(method: .score, model: "minilm", inputCount: 60_000, textByteCount: 1),
        ]
        for (number, head) in heads.enumerated() {
          try await peer.send(
            WireBytes.frame(
              .request, flags: .end, callID: UInt64(number + 1), head: head.encoded(),
              body: [UInt8](repeating: 0xFF, count: 1_000)))
          let status = try await peer.readResponseHead().status
          #expect(status.code == .invalidArgument)
        }
        try await peer.send(WireBytes.embed(9, ["x"], model: "minilm"))
        #expect(try await peer.readResponseHead().status.isOK)
      }
    }

    @Test("counts in the head that are not the body's do no harm", arguments: ServerKind.allCases)
    func lyingHead(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        try await peer.send(WireBytes.hello())
        let body = EmbedRequest(inputs: [.text([0x61]), .text([0x62])]).encoded()
        let lies = [
          (0, 0), (1, 1), (60_000, 2), (2, 1 << 40), (60_000, 1 << 40), (2, Int.max), (1, Int.max),
        ]
        for (number, lie) in lies.enumerated() {
          let head = RequestHead(
            method: .embed, model: "minilm", inputCount: lie.0, textByteCount: lie.1)
          try await peer.send(
            WireBytes.frame(
              .request, flags: .end, callID: UInt64(number + 1), head: head.encoded(),
              body: body))
          let answer = try await peer.readResponseHead()
          // Answered or refused, but never with slots that the body does not have.
          #expect(
            answer.status.isOK
              ? answer.inputs == 0..<2 : answer.status.code == .invalidArgument,
            "\(answer.status) for \(answer.inputs) after \(lie)")
        }
      }
    }
  }
}
