package import Foundation

/// A copy of a model directory that a test damages, removed when this object goes.
package final class ModelCopy: Sendable {
  package let url: URL

  /// Copies the small classifier, or the given directory.
  package init(of directory: String? = nil) throws {
    let source = try directory ?? Fixtures.small("debian-sections")
    url = URL(fileURLWithPath: ScratchFolder.shared.newPath("model"))
    try FileManager.default.copyItem(at: URL(fileURLWithPath: source), to: url)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  package func path(_ file: String) -> URL { url.appendingPathComponent(file) }

  package func remove(_ file: String) throws {
    try FileManager.default.removeItem(at: path(file))
  }

  package func write(_ file: String, _ text: String) throws {
    try FileManager.default.createDirectory(
      at: path(file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: path(file))
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
