/// A text for every model, and other ones where models differ: `VALUE` and `NAME=VALUE`.
package struct ModelTexts: Sendable, Hashable {
  /// Of models that are not named.
  package var all: String?
  package var byName: [String: String]

  package init(all: String? = nil, byName: [String: String] = [:]) {
    self.all = all
    self.byName = byName
  }

  /// Reads `VALUE` and `NAME=VALUE`; a name holds no slash, so `./a=b` is a value.
  ///
  /// - Throws: an empty value, and whatever is said twice.
  package init(_ texts: [String]) throws(ValueError) {
    self.init()
    for text in texts {
      guard let equals = text.firstIndex(of: "="), !text[..<equals].contains("/") else {
        try add(nil, text)
        continue
      }
      try add(String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }

  /// The text of a model, nil where nobody says one.
  package func text(of name: String) -> String? { byName[name] ?? all }

  mutating func add(_ name: String?, _ value: String) throws(ValueError) {
    guard !value.isEmpty else { throw ValueError("it is VALUE or NAME=VALUE") }
    guard let name else {
      guard all == nil else { throw ValueError("the value of every model is given twice") }
      all = value
      return
    }
    guard byName.updateValue(value, forKey: name) == nil else {
      throw ValueError("the value of '\(name)' is given twice")
    }
  }
}
