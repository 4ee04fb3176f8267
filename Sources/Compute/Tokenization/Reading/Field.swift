internal import JSON

/// A place in a tokenizer.json: the value there, and the path that errors name.
struct Field {
  /// Nil where the file says nothing.
  let value: JSON?
  let path: String
  let fileName: String

  /// The whole file.
  init(file: JSON, fileName: String) {
    self.init(value: file, path: "", fileName: fileName)
  }

  private init(value: JSON?, path: String, fileName: String) {
    self.value = value
    self.path = path
    self.fileName = fileName
  }

  /// Whether the file says nothing here, or null.
  var isNull: Bool { value?.isNull ?? true }

  /// A member of an object.
  subscript(_ key: String) -> Field {
    Field(
      value: value?[key], path: path.isEmpty ? key : "\(path).\(key)", fileName: fileName)
  }

  /// A member of this object that was found already.
  func at(name: [UInt8], _ member: JSON) -> Field {
    Field(
      value: member, path: "\(path).\(String(decoding: name, as: UTF8.self))",
      fileName: fileName)
  }

  /// The elements of an array.
  func elements() throws(TokenizationError) -> [Field] {
    guard let value, value.kind == .array else { throw malformed("must be an array") }
    return value.elements.enumerated().map { index, element in
      Field(value: element, path: "\(path)[\(index)]", fileName: fileName)
    }
  }

  /// The members of an object.
  func members() throws(TokenizationError) -> JSON.Members {
    guard let value, value.kind == .object else { throw malformed("must be an object") }
    return value.members
  }

  func bool() throws(TokenizationError) -> Bool {
    guard let bool = value?.bool else { throw malformed("must be true or false") }
    return bool
  }

  /// A string as its decoded bytes.
  func bytes() throws(TokenizationError) -> [UInt8] {
    guard let bytes = value?.stringBytes else { throw malformed("must be a string") }
    return bytes
  }

  func string() throws(TokenizationError) -> String {
    String(decoding: try bytes(), as: UTF8.self)
  }

  /// A whole number from 0 to 2³¹ − 1.
  func natural() throws(TokenizationError) -> Int32 {
    guard let int = value?.int, let natural = Int32(exactly: int), natural >= 0 else {
      throw malformed("must be a whole number from 0 to 2147483647")
    }
    return natural
  }

  /// The component's `type`.
  func type() throws(TokenizationError) -> String {
    guard let value, value.kind == .object else { throw malformed("must be an object or null") }
    return try self["type"].string()
  }

  func malformed(_ problem: String) -> TokenizationError {
    let name = path.isEmpty ? "the file" : "\"\(path)\""
    let what = value == nil ? "is missing and \(problem)" : problem
    return TokenizationError(
      code: .malformed(key: path), message: "\(fileName): \(name) \(what)")
  }

  func unsupported(_ component: String, _ problem: String? = nil) -> TokenizationError {
    let suffix = problem.map { ": \($0)" } ?? ""
    return TokenizationError(
      code: .unsupported(component: component),
      message: "\(fileName): \"\(path)\" uses \(component), which is not supported\(suffix)")
  }
}
