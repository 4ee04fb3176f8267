internal import Glibc

/// Finding and becoming `millpond-worker`, the program that knows models.
package enum WorkerProgram {
  /// The program's file name.
  package static let name = "millpond-worker"

  /// The program's path: the given one, or the one beside this executable.
  ///
  /// - Throws: `.notStarted`, naming the path, if it is not there or not executable.
  package static func path(_ override: String?) throws(CommandFailure) -> String {
    let path: String
    if let override {
      path = override
    } else {
      path = try folderOfThisProgram() + "/" + name
    }
    guard access(path, X_OK) == 0 else {
      throw CommandFailure(
        .notStarted,
        "cannot run \(path): \(systemMessage(errno)) (--worker-binary names another)")
    }
    return path
  }

  /// Becomes the worker program: arguments, streams and exit status are its own from here on.
  ///
  /// - Parameters:
  ///   - path: of the program.
  ///   - arguments: as bytes, without the program's name.
  /// - Throws: `.notStarted`, naming the path and the system's reason. It does not return.
  package static func become(_ path: String, arguments: [[UInt8]]) throws(CommandFailure) -> Never {
    var pointers: [UnsafeMutablePointer<CChar>?] = ([Array(path.utf8)] + arguments).map {
      // Bytes, not strings: an argument need not be UTF-8.
      ($0 + [0]).withUnsafeBytes { bytes in
        bytes.baseAddress.flatMap { strdup($0.assumingMemoryBound(to: CChar.self)) }
      }
    }
    pointers.append(nil)
    execv(path, pointers)
    throw CommandFailure(.notStarted, "cannot run \(path): \(systemMessage(errno))")
  }

  private static func folderOfThisProgram() throws(CommandFailure) -> String {
    guard let path = realpath("/proc/self/exe", nil) else {
      throw CommandFailure(
        .notStarted, "cannot find this program's folder: \(systemMessage(errno))")
    }
    defer { free(path) }
    let text = String(cString: path)
    return String(text[..<(text.lastIndex(of: "/") ?? text.startIndex)])
  }
}

/// The commands that `millpond-worker` carries out in place of `millpond`.
package enum WorkerCommand {
  /// Their names.
  package static let names = ["inspect", "bench"]

  /// A command line for the worker program.
  package struct Call: Sendable, Equatable {
    /// What `--worker-binary` names.
    package var program: String?
    /// Everything else, in order.
    package var arguments: [[UInt8]]
  }

  /// The call, if the arguments (the program's name left out) are to be passed on.
  ///
  /// `--worker-binary PATH` is taken out. A question for help with `inspect` is not passed on:
  /// its flags are documented here.
  package static func call(_ arguments: [[UInt8]]) -> Call? {
    guard let command = arguments.first, names.contains(where: { command == Array($0.utf8) })
    else { return nil }
    var call = Call(program: nil, arguments: [])
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == Array("--".utf8) {
        call.arguments.append(argument)
        break
      }
      if argument == Array("--worker-binary".utf8), let path = rest.popFirst() {
        call.program = String(decoding: path, as: UTF8.self)
      } else if argument.starts(with: "--worker-binary=".utf8) {
        let path = argument.dropFirst("--worker-binary=".utf8.count)
        call.program = String(decoding: path, as: UTF8.self)
      } else {
        call.arguments.append(argument)
      }
    }
    call.arguments += rest
    let asksForHelp = call.arguments.contains {
      $0 == Array("--help".utf8) || $0 == Array("-h".utf8)
    }
    return asksForHelp && command == Array("inspect".utf8) ? nil : call
  }
}
