import CommandSupport
import MillpondClient
import Testing

@Suite("Lists of servers", .timeLimit(.minutes(1)))
struct ServerListTests {
  @Test("commas and repeated flags name several, each once")
  func several() throws {
    let list = try ServerList(["a:1,[::1]:2", "b:3", "a:1"])
    #expect(
      list.addresses == [
        ServerAddress(host: "a", port: 1), ServerAddress(host: "::1", port: 2),
        ServerAddress(host: "b", port: 3),
      ])
    #expect("\(list)" == "a:1, [::1]:2, b:3")
  }

  @Test(
    "what is no address is told",
    arguments: [
      ("", ""), ("a", "a"), ("a:0", "a:0"), ("a:1,", ""), ("a:1,,b:2", ""),
      ("b:2,a:1 b:2", "a:1 b:2"), ("a:x", "a:x"),
    ])
  func refused(text: String, bad: String) {
    let error = #expect(throws: ServerList.NotAnAddress.self) { try ServerList([text]) }
    #expect(error?.text == bad)
  }

  @Test("of several servers one that answers is enough, ready or not")
  func oneIsEnough() async throws {
    try await StubServer().run { address in
      let servers = try ServerList(["127.0.0.1:1,\(address)"])
      for wait in [nil, Duration.seconds(10)] {
        let client = try await ServerSession.connect(to: servers, wait: wait)
        #expect(try await client.health().isReady)
        client.close()
      }
    }
  }

  @Test("servers that are not there are all named")
  func unreachable() async throws {
    let servers = try ServerList(["127.0.0.1:1,127.0.0.1:2"])
    let error = await #expect(throws: CommandFailure.self) {
      try await ServerSession.connect(to: servers)
    }
    #expect(error?.status == .serverNotReached)
    #expect(error?.message.hasPrefix("no server at 127.0.0.1:1, 127.0.0.1:2: ") == true)
    #expect(error?.message.contains("127.0.0.1:2: Connection refused") == true)
  }
}
