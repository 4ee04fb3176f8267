import Foundation
import ModelFiles
import Testing

@Suite("model hashes")
struct ModelHashTests {
  private let noCache = WeightHashCache(directory: nil)

  private func model(value: Float = 1) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("config.json", "{}")
    try directory.write("tokenizer.json", "{}")
    try directory.write(
      "model.safetensors",
      Safetensors.file([("a", "F32", [1], Safetensors.bytes([value]))]))
    return directory
  }

  private func hash(_ directory: TemporaryDirectory) throws -> String {
    try modelHash(of: ModelDirectory(path: directory.path), cache: noCache)
  }

  @Test("equal directories have equal hashes of 32 digits, wherever they are")
  func equal() throws {
    let first = try hash(model())
    #expect(first.utf8.count == 32)
    #expect(first.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    #expect(try hash(model()) == first)
  }

  @Test(
    "every file that can change a result changes the hash",
    arguments: [
      "config.json", "tokenizer.json", "tokenizer_config.json", "modules.json",
      "sentence_bert_config.json", "config_sentence_transformers.json",
    ])
  func files(name: String) throws {
    let directory = try model()
    let first = try hash(directory)
    try directory.write(name, name == "modules.json" ? "[]" : #"{"a":1}"#)
    let second = try hash(directory)
    #expect(second != first)
    try directory.write(name, name == "modules.json" ? "[ ]" : #"{"a":2}"#)
    #expect(try hash(directory) != second)
  }

  @Test("files of modules change the hash, and so do weights; others do not")
  func modules() throws {
    let directory = try model()
    try directory.write("modules.json", #"[{"path":""},{"path":"1_Pooling"}]"#)
    var hashes = [try hash(directory)]
    try directory.write("1_Pooling/config.json", "{}")
    hashes.append(try hash(directory))
    try directory.write("1_Pooling/model.safetensors", "x")
    hashes.append(try hash(directory))
    try directory.write("1_Pooling/model.safetensors", "y")
    hashes.append(try hash(directory))
    try directory.write(
      "model.safetensors", Safetensors.file([("a", "F32", [1], Safetensors.bytes([2] as [Float]))]))
    hashes.append(try hash(directory))
    #expect(Set(hashes).count == hashes.count)
    try directory.write("README.md", "text")
    #expect(try hash(directory) == hashes.last)
  }

  @Test("a weight file that was replaced since it was mapped is refused")
  func replaced() throws {
    let directory = try model()
    let model = try ModelDirectory(path: directory.path)
    try directory.remove("model.safetensors")
    let path = try directory.write("model.safetensors", "other")
    let error = failure { () throws(ModelFilesError) in
      try modelHash(of: model, cache: noCache)
    }
    #expect(
      error
        == ModelFilesError(
          .unreadable, "\(path): the file was changed while it was in use"))
  }
}

@Suite("the cache of weight hashes")
struct WeightHashCacheTests {
  private func entries(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("a hash is that of xxhsum -H2")
  func reference() throws {
    let directory = try TemporaryDirectory()
    let cache = WeightHashCache(directory: nil)
    #expect(
      try cache.hash(of: directory.write("a", []), expecting: nil)
        == "99aa06d3014798d86001c324468d497f")
    #expect(
      try cache.hash(of: directory.write("b", "abc"), expecting: nil)
        == "06b05ab6733a618578af5f94892f3950")
  }

  @Test("a hash is stored privately, and taken from the store the next time")
  func stored() throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/deep/cache/millpond"
    let cache = WeightHashCache(directory: folder)
    let path = try directory.write("w", "abc")
    try directory.age("w")
    let hash = try cache.hash(of: path, expecting: nil)
    let names = entries(folder)
    #expect(names.count == 1)
    #expect(try permissions(folder) == 0o700)
    #expect(try permissions(folder + "/" + names[0]) == 0o600)

    // Same identity, other content: only the store can still give the old hash.
    let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: Data("xyz".utf8))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: date as Any], ofItemAtPath: path)
    #expect(try cache.hash(of: path, expecting: nil) == hash)
    #expect(try WeightHashCache(directory: nil).hash(of: path, expecting: nil) != hash)
  }

  @Test("a file with another size or time is hashed again")
  func changed() throws {
    let directory = try TemporaryDirectory()
    let cache = WeightHashCache(directory: directory.path + "/cache")
    let path = try directory.write("w", "abc")
    try directory.age("w")
    let first = try cache.hash(of: path, expecting: nil)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: Data("xyz".utf8))
    try handle.close()
    #expect(try cache.hash(of: path, expecting: nil) != first)
  }

  @Test("a file changed a moment ago is not stored")
  func fresh() throws {
    let directory = try TemporaryDirectory()
    let cache = WeightHashCache(directory: directory.path + "/cache")
    _ = try cache.hash(of: directory.write("w", "abc"), expecting: nil)
    #expect(entries(directory.path + "/cache") == [])
  }

  @Test("a corrupt entry is computed again and replaced", arguments: 0..<4)
  func corrupt(kind: Int) throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/cache"
    let cache = WeightHashCache(directory: folder)
    let path = try directory.write("w", "abc")
    try directory.age("w")
    let hash = try cache.hash(of: path, expecting: nil)
    let name = entries(folder)[0]
    let sound = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
    let broken: Data
    switch kind {
    case 0: broken = Data()
    case 1: broken = sound.prefix(sound.count / 2)
    case 2:
      // A digit of the hash itself.
      let text = String(decoding: sound, as: UTF8.self)
      let other = hash.replacing(
        hash.prefix(1), with: hash.hasPrefix("0") ? "1" : "0", maxReplacements: 1)
      broken = Data(text.replacing(hash, with: other).utf8)
    default: broken = Data(repeating: 0x20, count: 100_000)
    }
    try broken.write(to: URL(fileURLWithPath: folder + "/" + name))
    #expect(try cache.hash(of: path, expecting: nil) == hash)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) == sound)
    #expect(entries(folder) == [name])
  }

  @Test("a folder that others can write is not used", arguments: [0o777, 0o775, 0o702])
  func unsafeFolder(mode: Int) throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/cache"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
    let path = try directory.write("w", "abc")
    try directory.age("w")
    #expect(
      try WeightHashCache(directory: folder).hash(of: path, expecting: nil)
        == "06b05ab6733a618578af5f94892f3950")
    #expect(entries(folder) == [])
  }

  @Test("a folder that cannot be made, a link and a relative path are not used")
  func unusableFolder() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("w", "abc")
    try directory.age("w")
    try directory.write("file", "")
    try FileManager.default.createDirectory(
      atPath: directory.path + "/real", withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o700])
    try FileManager.default.createSymbolicLink(
      atPath: directory.path + "/link", withDestinationPath: directory.path + "/real")
    for folder in [directory.path + "/file/cache", directory.path + "/link", "relative"] {
      #expect(
        try WeightHashCache(directory: folder).hash(of: path, expecting: nil)
          == "06b05ab6733a618578af5f94892f3950")
    }
    #expect(entries(directory.path + "/real") == [])
  }

  @Test("the standard folder follows the XDG rules")
  func standardFolder() {
    func folder(_ variables: [String: String]) -> String? {
      WeightHashCache.standardDirectory { variables[$0] }
    }
    #expect(folder(["XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/millpond")
    #expect(folder(["HOME": "/h"]) == "/h/.cache/millpond")
    #expect(folder(["XDG_CACHE_HOME": "relative", "HOME": "/h"]) == "/h/.cache/millpond")
    #expect(folder(["XDG_CACHE_HOME": "", "HOME": ""]) == nil)
    #expect(folder([:]) == nil)
  }
}
