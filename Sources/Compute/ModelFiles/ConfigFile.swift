package import JSON

/// A JSON object of the model directory, or one inside it, that knows its name: every error names
/// the file and the key. A member that is `null` counts as absent, as it does in Python.
package struct ConfigFile: Sendable {
  /// What messages call the file, its path as a rule.
  package let name: String
  /// The object.
  package let json: JSON
  /// The keys that lead to this object, each with a dot behind it.
  private let prefix: String

  /// Largest file that is read as JSON.
  package static let byteCountMax = 1 << 30

  /// Wraps an object that was read elsewhere. Throws `.malformed` for any other kind of value.
  package init(_ json: JSON, name: String) throws(ModelFilesError) {
    try self.init(json, name: name, prefix: "")
  }

  /// Reads the file at `path`. Throws `.unreadable`, `.malformed`, and `.unsupported` over
  /// `byteCountMax`.
  package init(path: String, name: String) throws(ModelFilesError) {
    try self.init(Self.read(path), name: name)
  }

  private init(_ json: JSON, name: String, prefix: String) throws(ModelFilesError) {
    guard json.kind == .object else {
      let place = prefix.isEmpty ? "this" : String(prefix.dropLast())
      throw ModelFilesError(.malformed, "\(name): \(place) is not an object")
    }
    self.json = json
    self.name = name
    self.prefix = prefix
  }

  /// Reads a file whose top need not be an object. Throws as `init(path:name:)` does.
  static func read(_ path: String) throws(ModelFilesError) -> JSON {
    let bytes = try FileDescriptor.content(of: path, byteCountMax: byteCountMax)
    try unsafe GitLFSPointer.refuse(bytes.span.bytes, path: path)
    do {
      return try JSON.parse(bytes)
    } catch {
      throw ModelFilesError(.malformed, "\(path): not valid JSON: \(error)")
    }
  }

  /// The member, nil when it is absent or `null`.
  package subscript(_ key: String) -> JSON? {
    guard let value = json[key], !value.isNull else { return nil }
    return value
  }

  /// An error that names this file, `key` and what is wrong.
  package func error(
    _ code: ModelFilesError.Code, _ key: String, _ text: String
  ) -> ModelFilesError {
    ModelFilesError(code, "\(name): \(prefix)\(key) \(text)")
  }

  /// A whole number, nil when absent. Throws `.malformed` for another kind, `.unsupported` outside
  /// `range`.
  package func int(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(ModelFilesError) -> Int? {
    guard let value = self[key] else { return nil }
    guard let int = value.int else { throw error(.malformed, key, "is not a whole number") }
    guard range.contains(int) else {
      let wanted =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw error(.unsupported, key, "is \(int), but must be \(wanted)")
    }
    return int
  }

  /// A number, nil when absent. Throws `.malformed` for another kind.
  package func double(_ key: String) throws(ModelFilesError) -> Double? {
    guard let value = self[key] else { return nil }
    guard let double = value.double else { throw error(.malformed, key, "is not a number") }
    return double
  }

  /// True or false, nil when absent. Throws `.malformed` for another kind.
  package func bool(_ key: String) throws(ModelFilesError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard let bool = value.bool else { throw error(.malformed, key, "is not true or false") }
    return bool
  }

  /// A string, nil when absent. Throws `.malformed` for another kind.
  package func string(_ key: String) throws(ModelFilesError) -> String? {
    guard let value = self[key] else { return nil }
    guard let string = value.string else { throw error(.malformed, key, "is not a string") }
    return string
  }

  /// The numbers of a list, nil when absent. Throws `.malformed` for another kind.
  package func doubles(_ key: String) throws(ModelFilesError) -> [Double]? {
    guard let value = self[key] else { return nil }
    let numbers = value.elements.compactMap(\.double)
    guard value.kind == .array, numbers.count == value.count else {
      throw error(.malformed, key, "is not a list of numbers")
    }
    return numbers
  }

  /// The strings of a list, nil when absent. Throws `.malformed` for another kind.
  package func strings(_ key: String) throws(ModelFilesError) -> [String]? {
    guard let value = self[key] else { return nil }
    let strings = value.elements.compactMap(\.string)
    guard value.kind == .array, strings.count == value.count else {
      throw error(.malformed, key, "is not a list of strings")
    }
    return strings
  }

  /// Whether the member is there and `null`, where a family tells that from absence.
  package func isNull(_ key: String) -> Bool { json[key]?.isNull ?? false }

  /// Whether the member is there, be it `null`.
  package func contains(_ key: String) -> Bool { json[key] != nil }

  /// An object inside this one, nil when absent. Throws `.malformed` for another kind.
  package func object(_ key: String) throws(ModelFilesError) -> ConfigFile? {
    guard let value = self[key] else { return nil }
    return try ConfigFile(value, name: name, prefix: prefix + key + ".")
  }

  /// As `int(_:in:)`; throws `.missing` when absent.
  package func requireInt(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(ModelFilesError) -> Int {
    guard let value = try int(key, in: range) else { throw missing(key) }
    return value
  }

  /// As `double(_:)`; throws `.missing` when absent.
  package func requireDouble(_ key: String) throws(ModelFilesError) -> Double {
    guard let value = try double(key) else { throw missing(key) }
    return value
  }

  /// As `bool(_:)`; throws `.missing` when absent.
  package func requireBool(_ key: String) throws(ModelFilesError) -> Bool {
    guard let value = try bool(key) else { throw missing(key) }
    return value
  }

  /// As `string(_:)`; throws `.missing` when absent.
  package func requireString(_ key: String) throws(ModelFilesError) -> String {
    guard let value = try string(key) else { throw missing(key) }
    return value
  }

  private func missing(_ key: String) -> ModelFilesError { error(.missing, key, "is missing") }
}
