import Discovery
import TestSupport
import Testing

@Suite("Files of addresses that change", .timeLimit(.minutes(2)))
struct FileWatchTests {
  private let path = ScratchFolder.shared.newPath("workers")

  private func watched() async throws -> WatchedSource {
    try await WatchedSource("file:\(path)")
  }

  @Test("a file that is replaced, appended to and written anew is followed")
  func followed() async throws {
    try TextFile.write("10.0.0.1:1\n10.0.0.2:2\n", to: path)
    let source = try await watched()
    try await source.has(["10.0.0.1:1", "10.0.0.2:2"])
    try TextFile.replace(path, with: "10.0.0.2:2\nworker.example:3 # new\n")
    try await source.has(["10.0.0.2:2", "worker.example:3"])
    try TextFile.append("[::1]:4\n", to: path)
    try await source.has(["10.0.0.2:2", "worker.example:3", "[::1]:4"])
    try TextFile.write("[::1]:5\n", to: path)
    try await source.has(["[::1]:5"])
    #expect(source.changes == 4)
    #expect(source.log.count(containing: "warning") == 0)
  }

  @Test("a list that is written piece by piece changes nothing until it is whole")
  func halfWritten() async throws {
    try TextFile.write("10.0.0.1:1\n", to: path)
    let source = try await watched()
    try await source.has(["10.0.0.1:1"])
    // Half a port is a port.
    try TextFile.write("10.0.0.1:1\n10.0.0.2:70", to: path)
    try await source.logs("\(path):2: the line does not end with a line feed")
    #expect(source.addresses == ["10.0.0.1:1"])
    try TextFile.append("71\n", to: path)
    try await source.has(["10.0.0.1:1", "10.0.0.2:7071"])
    try await source.logs("can be had again")
    #expect(source.changes == 2)
  }

  @Test("a bad line is told once, with its file and number, and the last good list is kept")
  func badLine() async throws {
    try TextFile.write("10.0.0.1:1\n", to: path)
    let source = try await watched()
    try await source.has(["10.0.0.1:1"])
    try TextFile.replace(path, with: "10.0.0.2:2\n\nnonsense\n")
    try await source.logs("kept=1 reason=\(path):3: it is HOST:PORT")
    // Two more looks.
    try await Task.sleep(for: .milliseconds(2_500))
    #expect(source.log.count(containing: "warning") == 1)
    #expect(source.addresses == ["10.0.0.1:1"])
    try TextFile.replace(path, with: "10.0.0.2:2\n")
    try await source.has(["10.0.0.2:2"])
  }

  @Test("a file that goes keeps its list, and one that comes is read")
  func goneAndBack() async throws {
    let source = try await watched()
    try await source.logs("kept=0 reason=\(path): No such file or directory")
    try TextFile.replace(path, with: "10.0.0.1:1\n")
    try await source.has(["10.0.0.1:1"])
    try TextFile.remove(path)
    try await source.logs("kept=1 reason=\(path): No such file or directory")
    try TextFile.replace(path, with: "10.0.0.2:2\n")
    try await source.has(["10.0.0.2:2"])
  }

  @Test("links are followed, as Kubernetes exchanges them")
  func links() async throws {
    let folder = ScratchFolder.shared.newPath("map")
    try TextFile.makeFolder(folder)
    for (version, text) in [("v1", "10.0.0.1:1\n"), ("v2", "10.0.0.2:2\n")] {
      try TextFile.makeFolder("\(folder)/\(version)")
      try TextFile.write(text, to: "\(folder)/\(version)/workers")
    }
    try TextFile.link("\(folder)/data", to: "v1")
    try TextFile.link(path, to: "\(folder)/data/workers")
    let source = try await watched()
    try await source.has(["10.0.0.1:1"])
    try TextFile.link("\(folder)/data", to: "v2")
    try await source.has(["10.0.0.2:2"])
  }

  @Test("an empty file is believed after a while, not at once")
  func empty() async throws {
    try TextFile.write("10.0.0.1:1\n", to: path)
    var pace = AddressWatchConfiguration.file
    pace.emptyAfter = .seconds(2)
    let source = try await WatchedSource("file:\(path)", pace: pace)
    try await source.has(["10.0.0.1:1"])
    try TextFile.write("# none\n", to: path)
    try await source.logs("reason=\(path): no addresses")
    #expect(source.addresses == ["10.0.0.1:1"])
    try await source.has([])
    #expect(source.log.count(containing: "the last ones are dropped") == 1)
  }

  @Test("a folder, a pipe and a file that is too large are refused without waiting")
  func notAList() async throws {
    try TextFile.makePipe(path)
    let source = try await watched()
    try await source.logs("reason=\(path): not a regular file")
    try TextFile.remove(path)
    try TextFile.write(String(repeating: "#", count: AddressList.byteCountMax + 1), to: path)
    try await source.logs("reason=\(path): more than 1048576 bytes")
    try TextFile.remove(path)
    try TextFile.makeFolder(path)
    try await source.logs("warning addresses of workers cannot be had")
  }

  @Test("of 5,000 addresses 4,096 are taken, and it is said")
  func tooMany() async throws {
    let lines = (1...5_000).map { "10.0.0.1:\($0)\n" }
    try TextFile.write(lines.joined(), to: path)
    let source = try await watched()
    try await source.logs("there are too many addresses of workers: some are left out max=4096")
    try await eventually("they are told") { source.addresses.count == 4_096 }
  }

  @Test("an address is its own source")
  func address() async throws {
    let source = try await WatchedSource("worker.example:7071")
    try await source.has(["worker.example:7071"])
    #expect(source.changes == 1)
  }

  @Test("after stop nothing is told")
  func stopped() async throws {
    try TextFile.write("10.0.0.1:1\n", to: path)
    let source = try await watched()
    try await source.has(["10.0.0.1:1"])
    try await source.stop()
    try TextFile.replace(path, with: "10.0.0.2:2\n")
    try await Task.sleep(for: .milliseconds(2_500))
    #expect(source.addresses == ["10.0.0.1:1"])
  }
}
