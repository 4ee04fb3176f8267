package import NIOCore
package import Wire

/// Bounds of a listening side.
package struct ServerConfiguration: Sendable, Hashable {
  package var limits: WireLimits
  /// For logs at the other side.
  package var agent: String
  /// Connections at once; more are closed with RESOURCE_EXHAUSTED.
  package var connectionsMax: Int
  /// From accept to a whole hello.
  package var helloTimeout: TimeAmount
  /// From a frame's first byte to its last, and from one frame of a request to the next.
  package var frameTimeout: TimeAmount
  /// Without a frame and without an open call.
  package var idleTimeout: TimeAmount
  /// Without a frame leaving while some wait.
  package var writeTimeout: TimeAmount
  /// Bytes of answers that wait to be written on one connection.
  package var unsentBytesMax: Int
  /// Between load reports; nil sends none.
  package var loadReportInterval: TimeAmount?
  /// How old a connection becomes; nil is any age.
  package var connectionAge: ConnectionAge?

  /// 16,384 connections; hello in 5 s, a frame in 30 s, idle for 10 min, unread for 30 s, 256 MiB
  /// unsent, a load report each second; connections of 10 min.
  package static func defaults(agent: String) -> ServerConfiguration {
    ServerConfiguration(
      limits: .server, agent: agent, connectionsMax: 16_384, helloTimeout: .seconds(5),
      frameTimeout: .seconds(30), idleTimeout: .minutes(10), writeTimeout: .seconds(30),
      unsentBytesMax: 256 << 20, loadReportInterval: .seconds(1), connectionAge: .defaults)
  }

  package init(
    limits: WireLimits, agent: String, connectionsMax: Int, helloTimeout: TimeAmount,
    frameTimeout: TimeAmount, idleTimeout: TimeAmount, writeTimeout: TimeAmount,
    unsentBytesMax: Int, loadReportInterval: TimeAmount?, connectionAge: ConnectionAge?
  ) {
    self.limits = limits
    self.agent = agent
    self.connectionsMax = connectionsMax
    self.helloTimeout = helloTimeout
    self.frameTimeout = frameTimeout
    self.idleTimeout = idleTimeout
    self.writeTimeout = writeTimeout
    self.unsentBytesMax = unsentBytesMax
    self.loadReportInterval = loadReportInterval
    self.connectionAge = connectionAge
  }
}

/// Bounds of a connecting side.
package struct ClientConfiguration: Sendable, Hashable {
  package var limits: WireLimits
  package var agent: String
  package var token: String
  /// For TCP to connect, and then for the peer's hello.
  package var connectTimeout: TimeAmount
  /// Silence, of either side, after which a ping is sent: a peer that only sends load reports would
  /// take this side for idle otherwise.
  package var pingInterval: TimeAmount
  /// Silence after a ping that means the peer is gone.
  package var pingTimeout: TimeAmount
  /// The same while an answer is late.
  package var probeTimeout: TimeAmount
  /// Calls that wait for credit; more are refused.
  package var waitingCallsMax: Int

  /// 5 s to connect, a ping after 5 s of silence, gone after 10 s more or 3 s where an answer is
  /// late, 16,384 calls waiting.
  package static func defaults(agent: String, token: String = "") -> ClientConfiguration {
    ClientConfiguration(
      limits: .client, agent: agent, token: token, connectTimeout: .seconds(5),
      pingInterval: .seconds(5), pingTimeout: .seconds(10), probeTimeout: .seconds(3),
      waitingCallsMax: 16_384)
  }

  package init(
    limits: WireLimits, agent: String, token: String, connectTimeout: TimeAmount,
    pingInterval: TimeAmount, pingTimeout: TimeAmount, probeTimeout: TimeAmount,
    waitingCallsMax: Int
  ) {
    self.limits = limits
    self.agent = agent
    self.token = token
    self.connectTimeout = connectTimeout
    self.pingInterval = pingInterval
    self.pingTimeout = pingTimeout
    self.probeTimeout = probeTimeout
    self.waitingCallsMax = waitingCallsMax
  }
}
