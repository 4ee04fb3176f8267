/// Why a test cannot go on: something it needs is missing, or did not happen in time.
package struct TestFailure: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }
}
