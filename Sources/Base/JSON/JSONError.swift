/// Why a byte string is not a JSON document.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, without the position and without text of the document.
  package var message: String
  /// Where, in bytes from the start of the document.
  package var offset: Int

  /// Makes an error at `offset` bytes from the start of the document.
  package init(message: String, offset: Int) {
    self.message = message
    self.offset = offset
  }

  /// The message with its position: `a value must stand here at byte 17`.
  package var description: String { "\(message) at byte \(offset)" }
}
