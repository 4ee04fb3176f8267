package import Logging

/// How events are written to standard error.
package enum LogFormat: String, Sendable, CaseIterable {
  /// A line for a person: see `LineLogHandler`.
  case text
  /// A JSON object a line: see `JSONLogHandler`.
  case json
}

extension Logger {
  /// A logger to standard error.
  package static func standardError(
    label: String, level: Logger.Level, format: LogFormat = .text
  ) -> Logger {
    Logger(label: label) { label in
      switch format {
      case .text: LineLogHandler(label: label, logLevel: level)
      case .json: JSONLogHandler(label: label, logLevel: level)
      }
    }
  }
}
