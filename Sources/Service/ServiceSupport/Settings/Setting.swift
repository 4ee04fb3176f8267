internal import JSON

/// One setting: its names on the command line, in the environment and in the file, and how each
/// form of its value is read.
package struct Setting<Value: Sendable>: Sendable {
  /// The key in the configuration file: "listen".
  package var key: String
  /// The flag with its dashes: "--listen".
  package var flag: String
  /// The environment variable: "MILLPOND_LISTEN".
  package var variable: String
  /// What holds when nobody says anything.
  package var fallback: Value
  /// Reads a flag's values, in order, or a variable's parts; never called with none.
  var readTexts: @Sendable ([String]) throws(ValueError) -> Value
  /// Reads the value in the file.
  var readJSON: @Sendable (JSON) throws(ValueError) -> Value
  /// Whether a variable's value is a list with commas between its parts.
  var isList: Bool
  /// Writes the value as it may stand in the file.
  var write: @Sendable (Value, inout JSONWriter) -> Void
}

/// Why a value is refused, in words that follow "'x': ".
package struct ValueError: Error, Sendable, Equatable {
  package var message: String

  package init(_ message: String) {
    self.message = message
  }
}

/// A value and where it comes from.
package struct Sourced<Value: Sendable>: Sendable {
  package var value: Value
  package var source: SettingSource
}

/// Where a value comes from.
package enum SettingSource: Sendable, Hashable, CustomStringConvertible {
  case fallback
  case file(path: String)
  case variable(String)
  case flag(String)

  /// For `--print-config`: "default", "file PATH", "variable NAME", "flag --NAME".
  package var description: String {
    switch self {
    case .fallback: "default"
    case .file(let path): "file \(path)"
    case .variable(let name): "variable \(name)"
    case .flag(let name): "flag \(name)"
    }
  }
}

extension Setting {
  /// A setting with one text as its value, in every form.
  static func text(
    _ key: String, flag: String, variable: String, fallback: Value,
    read: @escaping @Sendable (String) throws(ValueError) -> Value,
    write: @escaping @Sendable (Value, inout JSONWriter) -> Void
  ) -> Setting {
    Setting(
      key: key, flag: flag, variable: variable, fallback: fallback,
      readTexts: { (texts) throws(ValueError) in
        guard texts.count == 1, let text = texts.first else {
          throw ValueError("given \(texts.count) times")
        }
        return try read(text)
      },
      readJSON: { (json) throws(ValueError) in
        guard let text = json.string else { throw ValueError("not a string") }
        return try read(text)
      },
      isList: false, write: write)
  }

  /// A setting with a list of texts as its value, in every form.
  static func list<Element: Sendable>(
    _ key: String, flag: String, variable: String,
    read: @escaping @Sendable (String) throws(ValueError) -> Element,
    text: @escaping @Sendable (Element) -> String
  ) -> Setting where Value == [Element] {
    Setting(
      key: key, flag: flag, variable: variable, fallback: [],
      readTexts: { (texts) throws(ValueError) in
        var values: [Element] = []
        for text in texts { values.append(try read(text)) }
        return values
      },
      readJSON: { (json) throws(ValueError) in
        guard json.kind == .array else { throw ValueError("not an array of strings") }
        var values: [Element] = []
        for element in json.elements {
          guard let text = element.string else { throw ValueError("not an array of strings") }
          values.append(try read(text))
        }
        return values
      },
      isList: true,
      write: { values, writer in
        writer.beginArray()
        for value in values { writer.string(text(value)) }
        writer.endArray()
      })
  }

  /// A setting with a whole number in the range.
  static func number(
    _ key: String, flag: String, variable: String, range: ClosedRange<Int>, fallback: Int
  ) -> Setting where Value == Int {
    let optional = Setting<Int?>.number(key, flag: flag, variable: variable, range: range)
    return Setting(
      key: key, flag: flag, variable: variable, fallback: fallback,
      readTexts: { (texts) throws(ValueError) in try optional.readTexts(texts) ?? fallback },
      readJSON: { (json) throws(ValueError) in try optional.readJSON(json) ?? fallback },
      isList: false, write: { $1.number($0) })
  }

  /// A setting with a whole number in the range, or nothing.
  static func number(
    _ key: String, flag: String, variable: String, range: ClosedRange<Int>
  ) -> Setting where Value == Int? {
    let expected = "not a whole number from \(range.lowerBound) to \(range.upperBound)"
    return Setting(
      key: key, flag: flag, variable: variable, fallback: nil,
      readTexts: { (texts) throws(ValueError) in
        guard texts.count == 1, let number = Int(texts[0]), range.contains(number) else {
          throw ValueError(expected)
        }
        return number
      },
      readJSON: { (json) throws(ValueError) in
        guard let number = json.int, range.contains(number) else { throw ValueError(expected) }
        return number
      },
      isList: false,
      write: { value, writer in
        if let value { writer.number(value) } else { writer.null() }
      })
  }
}
