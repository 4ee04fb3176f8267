internal import Foundation
package import MillpondClient

/// A running worker or coordinator, killed when this object goes.
package final class TestServer: Sendable {
  /// A model that a server is to serve.
  package struct Model: Sendable {
    package var name: String
    package var directory: String

    package init(_ name: String, _ directory: String) {
      self.name = name
      self.directory = directory
    }

    /// The default model, named `minilm`.
    package static func miniLM() throws -> Model { Model("minilm", try Fixtures.miniLM()) }

    /// The small classifier with 20 labels, named `sections`.
    package static func sections() throws -> Model {
      Model("sections", try Fixtures.small("debian-sections"))
    }

    /// The small cross-encoder, named `reranker`.
    package static func reranker() throws -> Model {
      Model("reranker", try Fixtures.small("debian-reranker"))
    }

    var argument: String { "\(name)=\(directory)" }
  }

  package let process: ChildProcess
  package let address: ServerAddress

  private init(_ process: ChildProcess) async throws {
    self.process = process
    address = try await eventually("process \(process.processID) is ready") {
      if let exit = process.pollExit() {
        throw TestFailure("the server ended with \(exit); it said: \(process.standardError)")
      }
      return Self.readyAddress(process.standardOutput)
    }
  }

  /// Starts a worker on a free port and waits until it is ready.
  ///
  /// It ends when this process does, whatever happens: it watches its standard input.
  package static func worker(
    _ model: Model, _ arguments: [String] = [], environment: [String: String?] = [:]
  ) async throws -> TestServer {
    try await TestServer(
      ChildProcess(
        Executables.worker(),
        ["--model", model.argument, "--listen", "127.0.0.1:0", "--exit-on-stdin-end"] + arguments,
        environment: environment, input: .held))
  }

  /// Starts a coordinator on a free port and waits until it is ready.
  package static func coordinator(
    _ models: [Model], _ arguments: [String] = [], environment: [String: String?] = [:]
  ) async throws -> TestServer {
    try await TestServer(
      ChildProcess(
        Executables.millpond(),
        ["serve", "--listen", "127.0.0.1:0"] + models.flatMap { ["--model", $0.argument] }
          + arguments, environment: environment))
  }

  /// A new connection to it.
  package func client() async throws -> MillpondClient {
    try await MillpondClient.connect(to: address)
  }

  /// Lends a new connection to it.
  package func withClient<Value: Sendable>(
    _ body: (MillpondClient) async throws -> Value
  ) async throws -> Value {
    let client = try await client()
    defer { client.close() }
    return try await body(client)
  }

  /// A connection that may break every rule.
  package func rawPeer(receiveBufferBytes: Int32? = nil) throws -> RawPeer {
    try RawPeer(port: address.port, receiveBufferBytes: receiveBufferBytes)
  }

  /// Resident memory of its process.
  package func residentBytes() throws -> Int {
    try Self.residentBytes(of: Int(process.processID))
  }

  /// Resident memory of a process.
  package static func residentBytes(of processID: Int) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kibibytes = Int(line.filter(\.isNumber))
    else { throw TestFailure("process \(processID) has no memory") }
    return kibibytes << 10
  }

  /// Whether a process runs: a zombie does not.
  package static func isRunning(_ processID: Int) -> Bool {
    let state = state("/proc/\(processID)")
    return state != nil && state != "Z" && state != "X"
  }

  /// Whether every thread of a process is stopped: a signal to stop takes its time.
  package static func isStopped(_ processID: Int) -> Bool {
    let tasks = "/proc/\(processID)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.allSatisfy { state("\(tasks)/\($0)") == "T" }
  }

  private static func state(_ path: String) -> Substring? {
    let status = try? String(contentsOfFile: path + "/stat", encoding: .utf8)
    return status?.split(separator: ")").last?.split(separator: " ").first
  }

  /// How many descriptors a process has open.
  package static func openDescriptors(of processID: Int32) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
  }

  /// Process ids of a process's children.
  package static func children(of processID: Int32) -> [Int] {
    let path = "/proc/\(processID)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return threads.flatMap { thread in
      let children =
        (try? String(contentsOfFile: "\(path)/\(thread)/children", encoding: .utf8)) ?? ""
      return children.split(separator: " ").compactMap { Int($0) }
    }
  }

  private static func readyAddress(_ output: [UInt8]) -> ServerAddress? {
    let lines = String(decoding: output, as: UTF8.self)
    guard lines.hasSuffix("\n"), let line = lines.split(separator: "\n").first,
      line.hasPrefix("ready ")
    else { return nil }
    return ServerAddress(String(line.dropFirst("ready ".count)))
  }
}
