package import Kernels
package import ModelFiles

/// Why a model cannot be loaded or a batch cannot be run.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of fault.
  package enum Code: Sendable {
    /// The system does not give a file.
    case unreadable
    /// A key or tensor that must be there is not.
    case missing
    /// A key or tensor contradicts another.
    case malformed
    /// The directory is right, but nothing here can compute it.
    case unsupported
    /// Memory for weights or scratch could not be had.
    case outOfMemory
    /// A batch does not fit the model or the scratch: the caller did not check it.
    case invalidBatch
    /// The checkpoint of a scratch gave a batch up.
    case givenUp
  }

  /// The kind of fault.
  package var code: Code
  /// What is wrong; names the file and the key or tensor, or the input, with limit and value.
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

  /// The same fault as `error`, which setting up compute gave.
  package init(_ error: KernelsError) {
    code =
      switch error.code {
      case .outOfMemory: .outOfMemory
      case .unknownInstructionSet, .unsupportedInstructionSet: .unsupported
      }
    message = error.message
  }

  package var description: String { message }
}

/// Gives what `body` makes, and its errors as errors of this module.
func reading<T>(_ body: () throws(ModelFilesError) -> T) throws(ModelError) -> T {
  do {
    return try body()
  } catch {
    throw ModelError(error)
  }
}

/// Gives what `body` makes, and its errors as errors of this module.
func computing<T: ~Copyable>(
  _ body: () throws(KernelsError) -> T
) throws(ModelError) -> T {
  do {
    return try body()
  } catch {
    throw ModelError(error)
  }
}
