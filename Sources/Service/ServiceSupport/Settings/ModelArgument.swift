internal import Glibc

/// A model to serve: `[NAME=]DIR`.
package struct ModelArgument: Sendable, Hashable, CustomStringConvertible {
  /// NAME, or the last component of the path.
  package var name: String
  package var directory: String

  /// Longest name, in bytes.
  package static let nameBytesMax = 256

  package init(name: String, directory: String) {
    self.name = name
    self.directory = directory
  }

  /// Reads `[NAME=]DIR`. A name holds no slash, so `./a=b` is a directory.
  ///
  /// - Throws: a name or a directory that is empty, and names no one should have to type.
  package init(_ text: String) throws(ValueError) {
    directory = text
    var given: String?
    if let equals = text.firstIndex(of: "="), !text[..<equals].contains("/") {
      given = String(text[..<equals])
      directory = String(text[text.index(after: equals)...])
    }
    guard !directory.isEmpty else { throw ValueError("no directory: it is [NAME=]DIR") }
    name = given ?? Self.lastComponent(of: directory)
    guard !name.isEmpty else { throw ValueError("no name: it is [NAME=]DIR") }
    guard name.utf8.count <= Self.nameBytesMax else {
      throw ValueError("a name of \(name.utf8.count) bytes is over \(Self.nameBytesMax)")
    }
    guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw ValueError("a name has a control character")
    }
  }

  package var description: String { "\(name)=\(directory)" }

  /// The last component of a path; of "." and the like that of the folder meant.
  private static func lastComponent(of path: String) -> String {
    let component = path.split(separator: "/").last.map(String.init) ?? ""
    guard component.isEmpty || component == "." || component == ".." else { return component }
    guard let resolved = realpath(path, nil) else { return "" }
    defer { free(resolved) }
    return String(cString: resolved).split(separator: "/").last.map(String.init) ?? ""
  }
}

/// Worker processes of a model.
package enum ReplicaCount: Sendable, Hashable {
  case number(Int)
  /// As many as suit the machine.
  case automatic

  /// Most processes of one model.
  package static let numberMax = 1_024

  /// - Throws: what is neither `auto` nor a whole number from 1 on.
  init(_ text: Substring) throws(ValueError) {
    if text == "auto" {
      self = .automatic
    } else {
      try self.init(Int(text))
    }
  }

  init(_ number: Int?) throws(ValueError) {
    guard let number, (1...Self.numberMax).contains(number) else {
      throw ValueError("it is N, auto or NAME=N, with N from 1 to \(Self.numberMax)")
    }
    self = .number(number)
  }
}

/// Worker processes for each model: `N` or `auto`, and `NAME=N` where a model differs.
package struct ReplicaCounts: Sendable, Hashable {
  /// Of models that are not named; nil is 1.
  package var all: ReplicaCount?
  package var byName: [String: ReplicaCount]

  package init(all: ReplicaCount? = nil, byName: [String: ReplicaCount] = [:]) {
    self.all = all
    self.byName = byName
  }

  /// Reads `N`, `auto` and `NAME=N`.
  ///
  /// - Throws: a count that is neither, and whatever is said twice.
  package init(_ texts: [String]) throws(ValueError) {
    self.init()
    for text in texts {
      let equals = text.lastIndex(of: "=")
      let count = equals.map { text[text.index(after: $0)...] } ?? text[...]
      try add(equals.map { String(text[..<$0]) }, ReplicaCount(count))
    }
  }

  /// The count of a model.
  package func count(of name: String) -> ReplicaCount { byName[name] ?? all ?? .number(1) }

  mutating func add(_ name: String?, _ count: ReplicaCount) throws(ValueError) {
    guard let name else {
      guard all == nil else { throw ValueError("the count of every model is given twice") }
      all = count
      return
    }
    guard byName.updateValue(count, forKey: name) == nil else {
      throw ValueError("the count of '\(name)' is given twice")
    }
  }
}
