import Discovery
import Testing

@Suite("Where addresses of workers come from, as it is written")
struct AddressSourceTests {
  private static func name(_ text: String) throws -> DNSName { try DNSName(text) }

  @Test("each form is read, and written as it was given")
  func forms() throws {
    let forms: [(String, AddressSource)] = [
      ("10.0.0.5:7071", .address(Address(host: "10.0.0.5", port: 7_071))),
      ("worker-1.example:1", .address(Address(host: "worker-1.example", port: 1))),
      ("[::1]:65535", .address(Address(host: "::1", port: 65_535))),
      ("[fe80::1%eth0]:7071", .address(Address(host: "fe80::1%eth0", port: 7_071))),
      ("dns.:7071", .address(Address(host: "dns.", port: 7_071))),
      ("dns:workers:7071", .name(try Self.name("workers"), port: 7_071)),
      ("dns:w.example.:7071", .name(try Self.name("w.example."), port: 7_071)),
      ("srv:_millpond._tcp.w.example", .service(try Self.name("_millpond._tcp.w.example"))),
      ("file:workers.txt", .file(path: "workers.txt")),
      ("file:/a b:c", .file(path: "/a b:c")),
    ]
    for (text, source) in forms {
      #expect(try AddressSource(text) == source)
      #expect(source.description == text)
    }
  }

  @Test(
    "what is wrong is said",
    arguments: [
      ("", "it is HOST:PORT, dns:HOST:PORT, srv:NAME or file:PATH"),
      ("nope", "it is HOST:PORT, dns:HOST:PORT, srv:NAME or file:PATH"),
      ("h:", "it is HOST:PORT, with a port from 1 to 65535"),
      ("h:+5", "it is HOST:PORT, with a port from 1 to 65535"),
      ("h:65536", "it is HOST:PORT, with a port from 1 to 65535"),
      ("h:0", "a worker cannot be at port 0"),
      (":7071", "no host: it is HOST:PORT"),
      ("::1:7071", "it is HOST:PORT, an IPv6 address in brackets"),
      ("[h]:7071", "there is no IPv6 address between the brackets"),
      ("[]:7071", "there is no IPv6 address between the brackets"),
      ("a b:7071", "a name has letters, digits, hyphens and underscores, and dots between"),
      ("wörker:7071", "a name has letters, digits, hyphens and underscores, and dots between"),
      ("a..b:7071", "a name has no empty parts"),
      (".:7071", "a name has letters"),
      ("dns:7071", "it is dns:HOST:PORT"),
      ("dns:h:0", "a worker cannot be at port 0"),
      ("dns:10.0.0.5:7071", "that is an address, not a name: it is given without dns:"),
      ("dns:[::1]:7071", "that is an address, not a name: it is given without dns:"),
      ("dns::7071", "no host: it is dns:HOST:PORT"),
      ("srv:", "a name has letters"),
      ("srv:_m._tcp.h:7071", "it is srv:NAME: the ports are in the records"),
      ("file:", "it is file:PATH"),
      ("file:a\0b", "it is file:PATH"),
    ])
  func refusals(text: String, message: String) {
    let error = #expect(throws: DiscoveryError.self) { try AddressSource(text) }
    #expect(error?.code == .badText)
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
  }

  @Test("a name has at most 253 letters, a part of it 63")
  func longNames() throws {
    let part = String(repeating: "a", count: 63)
    _ = try DNSName(part)
    #expect(throws: DiscoveryError.self) { try DNSName(part + "a") }
    let longest = [part, part, part, String(repeating: "a", count: 61)].joined(separator: ".")
    #expect(longest.utf8.count == 253)
    _ = try DNSName(longest + ".")
    #expect(throws: DiscoveryError.self) { try DNSName(longest + "a") }
  }
}
