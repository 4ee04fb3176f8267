import Discovery
import NIOPosix
import TestSupport
import Testing

@Suite("DNS servers that misbehave", .timeLimit(.minutes(2)))
struct BadServerTests {
  /// Says in `flags` that the answer is an answer, of a recursive server, without error.
  private static let answer: [UInt8] = [0x81, 0x80]
  /// As `answer`, but cut: the whole is to be asked for over TCP.
  private static let truncated: [UInt8] = [0x83, 0x80]

  private func resolver(_ server: BadNameServer) -> ResolverConfiguration {
    var resolver = ResolverConfiguration.system
    resolver.hostsPath = "/dev/null"
    resolver.servers = ["127.0.0.1:\(server.port)"]
    resolver.serverTimeout = .milliseconds(300)
    resolver.lookupTimeout = .seconds(3)
    return resolver
  }

  @Test("one that never answers costs as long as it is waited for")
  func silent() async throws {
    let server = try await BadNameServer { _ in nil }
    let source = try await WatchedSource("dns:w.test.:7071", resolver: resolver(server))
    try await source.logs("reason=w.test A: no DNS server answers in time")
  }

  @Test("one that takes the question over TCP and then says nothing, too")
  func stalledStream() async throws {
    let server = try await BadNameServer {
      BadNameServer.header(of: $0, flags: Self.truncated, answers: 0)
    }
    var resolver = resolver(server)
    let source = try await WatchedSource("dns:w.test.:7071", resolver: resolver)
    try await source.logs("reason=w.test A: no DNS server answers in time")
    // Not even by a server's own timeout.
    resolver.serverTimeout = .seconds(100)
    resolver.lookupTimeout = .milliseconds(500)
    let bounded = try await WatchedSource("dns:w.test.:7071", resolver: resolver)
    try await bounded.logs("reason=w.test A: there was no time for an answer")
  }

  @Test("stopping ends a wait at once")
  func stopped() async throws {
    let server = try await BadNameServer { _ in nil }
    var resolver = resolver(server)
    resolver.serverTimeout = .seconds(1_000)
    resolver.lookupTimeout = .seconds(1_000)
    let threads = NIOThreadPool(numberOfThreads: 1)
    threads.start()
    let source = try await WatchedSource("dns:w.test.:7071", resolver: resolver, threads: threads)
    try await source.stop()
    // Returns when the one thread is free.
    try await threads.runIfActive {}
    #expect(source.log.all.isEmpty)
    try await threads.shutdownGracefully()
  }

  @Test("garbage behind a good header is no answer, and changes nothing")
  func garbage() async throws {
    let server = try await BadNameServer { question in
      BadNameServer.header(of: question, flags: Self.answer, answers: 3)
        + (0..<40).map { _ in UInt8.random(in: 0...255) }
    }
    var pace = AddressWatchConfiguration.dns
    pace.backoffMax = .milliseconds(20)
    pace.backoffMin = .milliseconds(1)
    let source = try await WatchedSource(
      "dns:w.test.:7071", resolver: resolver(server), pace: pace)
    try await source.logs("warning")
    try await Task.sleep(for: .seconds(2))
    #expect(source.addresses.isEmpty)
  }

  @Test("answers to other questions are not taken")
  func otherQuestion() async throws {
    let server = try await BadNameServer { question in
      var question = question
      if question.count > 13 { question[13] ^= 1 }
      var message = BadNameServer.header(of: question, flags: Self.answer, answers: 1)
      message += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 6, 6, 6]
      return message
    }
    let source = try await WatchedSource("dns:w.test.:7071", resolver: resolver(server))
    try await source.logs("reason=w.test A: no DNS server answers in time")
    #expect(source.addresses.isEmpty)
  }
}
