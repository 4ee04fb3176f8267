import MillpondClient
import Testing

@Suite("Client of servers that are not there", .timeLimit(.minutes(2)))
struct UnreachableTests {
  /// Where nobody listens.
  private let dead: [LoopbackPort]

  init() throws {
    dead = [try LoopbackPort(), try LoopbackPort()]
  }

  @Test("a call waits for a server as long as a connection may take, and names the addresses")
  func allDown() async throws {
    let addresses = dead.map(\.address)
    let client = MillpondClient(addresses: addresses, connectTimeout: .milliseconds(500))
    let began = ContinuousClock.now
    let error = await #expect(throws: MillpondError.self) { try await client.embed(["tide"]) }
    #expect(ContinuousClock.now - began >= .milliseconds(450))
    #expect(error?.code == .unavailable)
    #expect(error?.isUnreachable == true)
    for address in addresses {
      #expect(error?.message.contains("\(address): Connection refused") == true)
    }
  }

  @Test("it waits no longer than its deadline")
  func deadline() async throws {
    let client = MillpondClient(addresses: [dead[0].address], connectTimeout: .seconds(60))
    let error = await #expect(throws: MillpondError.self) {
      try await client.embed(["tide"], call: CallOptions(timeout: .milliseconds(200)))
    }
    #expect(error?.code == .unavailable)
    let late = await #expect(throws: MillpondError.self) {
      try await client.embed(["tide"], call: CallOptions(timeout: .zero))
    }
    #expect(late?.code == .deadlineExceeded)
  }

  @Test("a server that comes up while calls wait answers them")
  func comesUp() async throws {
    let client = MillpondClient(addresses: [dead[0].address], connectTimeout: .seconds(20))
    async let answers = Load.run(client, calls: 20, tasks: 20)
    try await Task.sleep(for: .milliseconds(300))
    let server = try await PondServer.start(on: dead[0])
    let load = try await answers
    #expect(load.errors.isEmpty)
    #expect(server.callCount == 20)
  }

  @Test("a client without addresses says so")
  func none() async throws {
    let client = MillpondClient(addresses: [], connectTimeout: .milliseconds(50))
    let error = await #expect(throws: MillpondError.self) { try await client.embed(["tide"]) }
    #expect(error?.message == "the client has no address")
    await #expect(throws: MillpondError.self) {
      try await MillpondClient.connect(to: [ServerAddress]())
    }
  }

  @Test("connecting is over when one server answers, and when each has failed")
  func connect() async throws {
    let dead = dead.map(\.address)
    let began = ContinuousClock.now
    let error = await #expect(throws: MillpondError.self) {
      try await MillpondClient.connect(to: dead, connectTimeout: .seconds(30))
    }
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(error?.isUnreachable == true)
    let server = try await PondServer.start()
    let client = try await MillpondClient.connect(to: dead + [server.address])
    #expect(try await client.embed(["tide"]).values().count == 1)
  }

  @Test("a name stands for its addresses; one that is none is told")
  func names() async throws {
    let server = try await PondServer.start()
    let client = try await MillpondClient.connect(to: "localhost:\(server.address.port)")
    #expect(try await client.embed(["tide"]).values().count == 1)
    let error = await #expect(throws: MillpondError.self) {
      try await MillpondClient.connect(to: "no-such-host.invalid:7")
    }
    #expect(error?.message.hasPrefix("no-such-host.invalid:7: ") == true)
    #expect(error?.isUnreachable == true)
  }

  @Test("a lost call of the only server is answered by its next life")
  func onlyServer() async throws {
    let server = try await PondServer.start(.hold)
    let client = MillpondClient(addresses: [server.address], connectTimeout: .seconds(20))
    let answer = Task { try await client.embed(["tide"]) }
    #expect(try await eventually { server.heldCount == 1 })
    try await server.kill()
    let next = try await PondServer.start(on: server.port)
    #expect(try await answer.value.values().count == 1)
    #expect(next.callCount == 1)
  }
}
