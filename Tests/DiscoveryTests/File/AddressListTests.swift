import Discovery
import Testing

@Suite("Lists of addresses in files")
struct AddressListTests {
  private func addresses(_ text: String) throws -> [String] {
    try AddressList.addresses(in: Array(text.utf8), path: "w.txt").map(\.description)
  }

  @Test("one address a line; comments, blank lines and white space are left out")
  func reading() throws {
    let text = """
      # workers of rack 1
      10.0.0.5:7071
      \t [::1]:7072 \t

      worker.example:7073  # the new one
      10.0.0.5:7071\r

      """
    #expect(
      try addresses(text) == [
        "10.0.0.5:7071", "[::1]:7072", "worker.example:7073", "10.0.0.5:7071",
      ])
  }

  @Test(
    "nothing, comments only and blank lines are lists of none", arguments: ["", "# a\n", " \n\n"])
  func none(text: String) throws {
    #expect(try addresses(text).isEmpty)
  }

  @Test(
    "the first bad line is named with its file",
    arguments: [
      ("a:1\nb\n", "w.txt:2: it is HOST:PORT"),
      ("a:1\n\n# c\nb:0\n", "w.txt:4: a worker cannot be at port 0"),
      ("dns:a:1\n", "w.txt:1: it is HOST:PORT, an IPv6 address in brackets"),
      ("a:1 b:2\n", "w.txt:1: there is one address on a line"),
      ("a:1\nb:70", "w.txt:2: the line does not end with a line feed: it may be half written"),
      ("#", "w.txt:1: the line does not end with a line feed: it may be half written"),
    ])
  func badLines(text: String, message: String) {
    let error = #expect(throws: DiscoveryError.self) { try addresses(text) }
    #expect(error?.code == .badList)
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
  }

  @Test("any bytes are a list or an error")
  func anyBytes() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let alphabet = Array(":.[]#\n \r\t1a\u{0}é%".utf8)
      let bytes = (0..<20).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
      _ = try? AddressList.addresses(in: bytes, path: "w.txt")
    }
  }
}
