package import NIOCore

/// The bounds of a status listener.
package struct StatusLimits: Sendable, Hashable {
  /// Connections open at once. When another comes, the one that has been idle longest is closed for
  /// it; if none is idle, the newcomer is.
  package var connectionsMax: Int
  /// Bytes of a request with its header; more than that is 431. The reader may see up to 4 KiB more,
  /// where requests follow each other closely.
  package var headerBytesMax: Int
  /// From the connection, or from a later request's first byte, to the end of its header.
  package var requestTimeout: TimeAmount
  /// From the question to the service to its answer; after that it is 503.
  package var answerTimeout: TimeAmount
  /// From an answer to its last byte taken by the system.
  package var writeTimeout: TimeAmount
  /// Between an answer and the next request.
  package var idleTimeout: TimeAmount
  /// Questions that the service has not answered, those included that were given up. From then on
  /// nothing is asked and 503 is answered at once.
  package var questionsMax: Int

  /// 64 connections and questions, 8 KiB, 5 s to send a request, 1 s to answer, 5 s to take the
  /// answer, 30 s idle.
  package static let defaults = StatusLimits(
    connectionsMax: 64, headerBytesMax: 8 << 10, requestTimeout: .seconds(5),
    answerTimeout: .seconds(1), writeTimeout: .seconds(5), idleTimeout: .seconds(30),
    questionsMax: 64)

  /// All of them.
  package init(
    connectionsMax: Int, headerBytesMax: Int, requestTimeout: TimeAmount,
    answerTimeout: TimeAmount, writeTimeout: TimeAmount, idleTimeout: TimeAmount,
    questionsMax: Int
  ) {
    self.connectionsMax = connectionsMax
    self.headerBytesMax = headerBytesMax
    self.requestTimeout = requestTimeout
    self.answerTimeout = answerTimeout
    self.writeTimeout = writeTimeout
    self.idleTimeout = idleTimeout
    self.questionsMax = questionsMax
  }
}
