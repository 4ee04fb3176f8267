import Foundation
import JSON
import TestSupport
import Testing

extension Integration {
  @Suite("millpond embed --output")
  struct NumpyCommandTests {
    private let path = ScratchFolder.shared.newPath("vectors") + ".npy"

    /// The header's text, and the bytes after it.
    private func read() throws -> (header: String, rows: [UInt8]) {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      try #require(bytes.count >= 128)
      #expect(Array(bytes[0..<8]) == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
      return (String(decoding: bytes[10..<128], as: UTF8.self), Array(bytes[128...]))
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
      stride(from: 0, to: bytes.count, by: 4).map { start in
        Float(
          bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
      }
    }

    @Test("holds a row for each text, in order, with the bits of --json")
    func rows() async throws {
      let reference = try EmbeddingReference.load()
      let arguments = [
        "--name", "minilm", "--truncate", "right", "--jsonl", Fixtures.path("minilm/texts.jsonl"),
      ]
      let result = try await call("embed", arguments + ["--output", path])
      #expect(result.exit == .status(0))
      #expect(result.output.isEmpty)
      #expect(result.messages.isEmpty)
      let (header, rows) = try read()
      let count = reference.texts.count
      #expect(
        header.hasPrefix(
          "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), 384), }"))
      let lines = try await call("embed", arguments + ["--json"]).lines()
      #expect(sameBits([floats(rows)], [lines.flatMap { $0.floats("embedding") }]))
      // Half precision: the same numbers, rounded.
      #expect(
        try await call("embed", arguments + ["--output", path, "--element-type", "f16"]).exit
          == .status(0))
      let (half, halfRows) = try read()
      #expect(half.hasPrefix("{'descr': '<f2'"))
      let expected = floats(rows).flatMap { number -> [UInt8] in
        let bits = Float16(number).bitPattern
        return [UInt8(bits & 0xff), UInt8(bits >> 8)]
      }
      #expect(halfRows == expected)
    }

    @Test("an input that fails is a row of NaN, an error on standard error, and exit 1")
    func failures() async throws {
      let long = String(repeating: "word ", count: 300)
      let result = try await call(
        "embed", "--name", "minilm", "--dimensions", "2", "--output", path, long, "short", long)
      #expect(result.exit == .status(1))
      #expect(result.output.isEmpty)
      let message =
        "INVALID_ARGUMENT: the input has 302 tokens, the limit is 256 and truncation is off"
      #expect(result.messages == "input 0: \(message)\ninput 2: \(message)\n")
      let (header, rows) = try read()
      #expect(header.contains("'shape': (3, 2)"))
      let numbers = floats(rows)
      #expect(numbers.map(\.isNaN) == [true, true, false, false, true, true])
    }

    @Test("a model without single vectors makes rows of NaN, and says why")
    func noVectors() async throws {
      let result = try await call("embed", "--name", "sections", "--output", path, "a")
      #expect(result.exit == .status(1))
      #expect(result.messages.hasPrefix("input 0: FAILED_PRECONDITION: "))
      #expect(try read().header.contains("'shape': (1, 0)"))
    }

    @Test("a place that cannot be written to is misuse, and nothing is left behind")
    func badPlaces() async throws {
      let result = try await call(
        "embed", "--name", "minilm", "--output", "/nowhere/at/all.npy", "a")
      #expect(result.exit == .status(2))
      #expect(result.messages.contains("cannot write /nowhere/at/all.npy"))
    }
  }
}
