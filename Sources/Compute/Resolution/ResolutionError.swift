package import ModelFiles

/// Why a model directory cannot be served as asked.
package struct ResolutionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of fault.
  package enum Code: Sendable {
    /// The system does not give a file.
    case unreadable
    /// A file, key or tensor that must be there is not.
    case missing
    /// The content of a file breaks its rules, or contradicts another file.
    case malformed
    /// The directory is right, but nothing here can serve it.
    case unsupported
    /// An override asks for what this model cannot do.
    case invalidOverride
  }

  /// The kind of fault.
  package var code: Code
  /// What is wrong; names the file and the key, the tensor or the override.
  package var message: String

  /// Makes an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same fault as `error`, which the reading of a file gave.
  package init(_ error: ModelFilesError) {
    code =
      switch error.code {
      case .unreadable: .unreadable
      case .missing: .missing
      case .malformed: .malformed
      case .unsupported: .unsupported
      }
    message = error.message
  }

  /// The message.
  package var description: String { message }
}

/// Gives what `body` reads from a file, and its errors as errors of this module.
func reading<T>(
  _ body: () throws(ModelFilesError) -> T
) throws(ResolutionError) -> T {
  do {
    return try body()
  } catch {
    throw ResolutionError(error)
  }
}
