/// The version that every program and answer states.
package enum Version {
  package static let current = "0.1.0"
}
