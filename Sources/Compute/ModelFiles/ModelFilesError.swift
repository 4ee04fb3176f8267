/// Why a model directory cannot be used. Always the fault of the directory, never of a request.
package struct ModelFilesError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of fault.
  package enum Code: Sendable {
    /// The system does not give the file: it is absent, no permission, an I/O error.
    case unreadable
    /// A file, key or tensor that must be there is not.
    case missing
    /// The content breaks the rules of its format.
    case malformed
    /// The content is right, but nothing here can serve it.
    case unsupported
  }

  /// The kind of fault.
  package var code: Code
  /// What is wrong; names the file, and the key or tensor.
  package var message: String

  /// Makes an error; `message` must name the file.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  package var description: String { message }
}

extension String {
  /// The text as error messages show it: in quotation marks, control characters escaped, cut after
  /// 200 characters. Names come from files and may hold anything.
  package var quotedForMessage: String {
    var result = "'"
    for scalar in unicodeScalars.prefix(200) {
      let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
      result += isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return result + (unicodeScalars.count > 200 ? "…'" : "'")
  }
}
