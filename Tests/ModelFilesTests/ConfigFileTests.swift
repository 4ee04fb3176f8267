import JSON
import ModelFiles
import Testing

@Suite("configuration files")
struct ConfigFileTests {
  private func config(_ text: String) throws -> ConfigFile {
    try ConfigFile(JSON.parse(Array(text.utf8)), name: "config.json")
  }

  @Test("values are given by kind, and null counts as absent")
  func values() throws {
    let config = try config(
      #"{"i":3,"f":1.0,"d":1e-12,"s":"x","b":true,"n":null,"o":{"k":5}}"#)
    #expect(try config.requireInt("i") == 3)
    #expect(try config.requireInt("f") == 1)
    #expect(try config.requireDouble("d") == 1e-12)
    #expect(try config.requireString("s") == "x")
    #expect(try config.requireBool("b"))
    #expect(try config.int("n") == nil)
    #expect(try config.int("absent") == nil)
    #expect(try config.object("o")?.requireInt("k") == 5)
    #expect(config["n"] == nil)
    #expect(config["s"]?.string == "x")
  }

  @Test("an absent, wrong or outlying value is refused with file and key")
  func refusals() throws {
    let config = try config(#"{"i":3.5,"s":7,"o":{"k":"x"},"a":[],"n":null,"z":99}"#)
    func message<T>(_ body: () throws(ModelFilesError) -> T) -> String? { failure(body)?.message }
    #expect(
      message { () throws(ModelFilesError) in try config.requireInt("hidden_size") }
        == "config.json: hidden_size is missing")
    #expect(
      message { () throws(ModelFilesError) in try config.requireInt("n") }
        == "config.json: n is missing")
    #expect(
      message { () throws(ModelFilesError) in try config.requireInt("i") }
        == "config.json: i is not a whole number")
    #expect(
      message { () throws(ModelFilesError) in try config.requireInt("z", in: 1...12) }
        == "config.json: z is 99, but must be 1 to 12")
    #expect(
      message { () throws(ModelFilesError) in try config.requireString("s") }
        == "config.json: s is not a string")
    #expect(
      message { () throws(ModelFilesError) in try config.requireBool("s") }
        == "config.json: s is not true or false")
    #expect(
      message { () throws(ModelFilesError) in try config.requireDouble("o") }
        == "config.json: o is not a number")
    #expect(
      message { () throws(ModelFilesError) in try config.object("a") }
        == "config.json: a is not an object")
    #expect(
      message { () throws(ModelFilesError) in try config.object("o")?.requireInt("k") }
        == "config.json: o.k is not a whole number")
  }

  @Test("a name from a file is shown without control characters and cut")
  func quoting() {
    #expect("a\u{1B}[2Jé".quotedForMessage == "'a\\u{1B}[2Jé'")
    #expect(String(repeating: "x", count: 300).quotedForMessage.count == 203)
  }
}
