import Discovery
import Testing

@Suite("The file of names of this machine's own")
struct HostsFileTests {
  private func addresses(_ name: String) throws -> [String] {
    let text = """
      # a comment
      127.0.0.1\tlocalhost
      ::1 ip6-localhost localhost # and more
      10.0.0.5  Worker other
      10.0.0.6 worker
      not-an-address worker
      10.0.0.7 # worker
      """
    return HostsFile.addresses(of: try DNSName(name), in: Array(text.utf8))
  }

  @Test("every line with the name gives its address, whatever the case of its letters")
  func reading() throws {
    #expect(try addresses("localhost") == ["127.0.0.1", "::1"])
    #expect(try addresses("WORKER.") == ["10.0.0.5", "10.0.0.6"])
    #expect(try addresses("other") == ["10.0.0.5"])
    #expect(try addresses("work").isEmpty)
    #expect(try addresses("10.0.0.6").isEmpty)
  }
}
