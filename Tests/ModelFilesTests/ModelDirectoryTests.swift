import Foundation
import JSON
import ModelFiles
import Testing

@Suite("model directories")
struct ModelDirectoryTests {
  private func directory() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("config.json", #"{"hidden_size":2}"#)
    try directory.write("tokenizer.json", #"{"model":{}}"#)
    try directory.write("model.safetensors", Safetensors.file([("a", "F32", [1], [0, 0, 0, 0])]))
    return directory
  }

  @Test("a directory gives its configuration, tokenizer and weights")
  func content() throws {
    let directory = try directory()
    try directory.write("1_Pooling/config.json", #"{"k":1}"#)
    let model = try ModelDirectory(path: directory.path + "//")
    #expect(model.path == directory.path)
    #expect(try model.config.requireInt("hidden_size") == 2)
    #expect(model.tokenizerFile["model"]?.count == 0)
    #expect(model.weights.contains("a"))
    #expect(try model.json("modules.json") == nil)
    #expect(try model.json("2_Dense/config.json") == nil)
    #expect(try model.json("1_Pooling/config.json")?["k"]?.int == 1)
    #expect(try model.configFile("1_Pooling/config.json")?.requireInt("k") == 1)
  }

  @Test("a missing file is refused by name", arguments: ["config.json", "tokenizer.json"])
  func missing(name: String) throws {
    let directory = try directory()
    try directory.remove(name)
    let error = failure { () throws(ModelFilesError) in try ModelDirectory(path: directory.path) }
    #expect(error == ModelFilesError(.missing, "\(directory.path)/\(name) is missing"))
  }

  @Test("a directory that is not there is refused")
  func noDirectory() {
    let error = failure { () throws(ModelFilesError) in try ModelDirectory(path: "/no/such") }
    #expect(error == ModelFilesError(.missing, "/no/such: there is no such directory"))
  }

  @Test("a corrupt file is refused with its path and place")
  func corrupt() throws {
    let directory = try directory()
    let path = try directory.write("config.json", #"{"a":}"#)
    let error = failure { () throws(ModelFilesError) in try ModelDirectory(path: directory.path) }
    #expect(
      error
        == ModelFilesError(
          .malformed, "\(path): not valid JSON: a value must stand here at byte 5"))
    try directory.write("config.json", "[]")
    let list = failure { () throws(ModelFilesError) in try ModelDirectory(path: directory.path) }
    #expect(list == ModelFilesError(.malformed, "\(path): this is not an object"))
  }

  @Test(
    "a path that leaves the directory is refused",
    arguments: ["../x", "/etc/passwd", "a/../../x", "a//b", "", ".", "a\0b"])
  func escapes(path: String) throws {
    let directory = try directory()
    let model = try ModelDirectory(path: directory.path)
    let error = failure { () throws(ModelFilesError) in try model.json(path) }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasSuffix("is no path inside the directory") == true)
  }

  @Test("the default model opens")
  func defaultModel() throws {
    let model = try ModelDirectory(path: Self.defaultModelPath())
    #expect(try model.config.requireInt("hidden_size") == 384)
    let words = try model.weights.descriptor(
      "embeddings.word_embeddings.weight", shape: [30522, 384])
    let floats = model.weights.floats(of: words)
    #expect(floats.count == 30522 * 384)
    #expect(floats.allSatisfy { $0.isFinite && abs($0) < 10 })
  }

  /// `Models/all-MiniLM-L6-v2` under the root of the repository, which `make test` fetches.
  static func defaultModelPath(file: String = #filePath) throws -> String {
    // A private package may reach this file through links.
    let root = URL(fileURLWithPath: file).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("Models/all-MiniLM-L6-v2").path
    try #require(
      FileManager.default.fileExists(atPath: path + "/model.safetensors"),
      "\(path) is absent: Tests/FixtureMakers/fetch_model.sh fetches it")
    return path
  }

  @Test("a file in the place of the directory is refused with what to give")
  func file() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("config.json", "{}")
    let error = failure { () throws(ModelFilesError) in try ModelDirectory(path: path) }
    #expect(
      error
        == ModelFilesError(
          .unreadable,
          "\(path): this is a file; give the model's directory, the one with config.json in it"))
  }
}
