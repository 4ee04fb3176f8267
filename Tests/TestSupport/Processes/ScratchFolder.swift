internal import Glibc
internal import Synchronization

/// A folder for what tests write, removed when they end.
package final class ScratchFolder: Sendable {
  package static let shared = ScratchFolder()

  package let path: String
  private let count = Atomic<Int>(0)

  private init() {
    var template = Array("/tmp/millpond-tests.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      preconditionFailure("no folder in /tmp: errno \(errno)")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A path in it that nothing has yet.
  package func newPath(_ name: String) -> String {
    "\(path)/\(count.add(1, ordering: .relaxed).newValue)-\(name)"
  }
}
