internal import Foundation

/// A copy of a model directory that a test damages, removed when this object goes.
package final class ModelCopy: Sendable {
  /// Path of its folder.
  package let directory: String

  /// Weights over this size are linked to: they are the same for every copy.
  private static let copiedBytesMax = 16 << 20

  /// Copies the small classifier, or the given directory.
  package init(of original: String? = nil) throws {
    let source = try original ?? Fixtures.small("debian-sections")
    directory = ScratchFolder.shared.newPath("model")
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: source) {
      let (old, new) = ("\(source)/\(name)", path(name).path)
      let size = try FileManager.default.attributesOfItem(atPath: old)[.size] as? Int ?? 0
      if size > Self.copiedBytesMax {
        try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: old)
      } else {
        try FileManager.default.copyItem(atPath: old, toPath: new)
      }
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The copy under a name.
  package func model(_ name: String) -> TestServer.Model { TestServer.Model(name, directory) }

  package func move(_ file: String, to other: String) throws {
    try FileManager.default.moveItem(at: path(file), to: path(other))
  }

  /// Makes its last weights others, all of them numbers: a new version of the model.
  package func changeWeights() throws {
    var data = try Data(contentsOf: path("model.safetensors"))
    // The lowest bit of a number's exponent: a factor of two.
    for index in stride(from: data.count - 2_047, to: data.count, by: 2) { data[index] ^= 0x04 }
    try data.write(to: path("model.safetensors"))
  }

  private func path(_ file: String) -> URL { URL(fileURLWithPath: "\(directory)/\(file)") }

  package func remove(_ file: String) throws {
    try FileManager.default.removeItem(at: path(file))
  }

  package func write(_ file: String, _ text: String) throws {
    try FileManager.default.createDirectory(
      at: path(file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: path(file))
  }

  /// Sets a member of a file that holds a JSON object.
  package func setTopLevel(_ file: String, _ key: String, to json: String?) throws {
    let data = try Data(contentsOf: path(file))
    guard var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw TestFailure("\(file) holds no object")
    }
    object[key] = try json.map {
      try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed)
    }
    try JSONSerialization.data(withJSONObject: object).write(to: path(file))
  }

  /// Keeps the first bytes of a file.
  package func cut(_ file: String, to byteCount: Int) throws {
    try Data(contentsOf: path(file)).prefix(byteCount).write(to: path(file))
  }

  /// Puts other bytes in the place of some that are there once or more.
  ///
  /// - Throws: `TestFailure` if they are not there: the test would show nothing.
  package func replace(_ file: String, _ old: String, with new: String) throws {
    var data = try Data(contentsOf: path(file))
    guard let range = data.range(of: Data(old.utf8)) else {
      throw TestFailure("\(file) does not hold '\(old)'")
    }
    data.replaceSubrange(range, with: Data(new.utf8))
    try data.write(to: path(file))
  }
}
