/// How DNS is asked.
package struct ResolverConfiguration: Sendable, Hashable {
  /// The file with servers, search list and options, read anew for each lookup. The variables
  /// `LOCALDOMAIN` and `RES_OPTIONS` go over it, as everywhere.
  package var configurationPath: String
  /// Servers in place of the file's, `ADDRESS:PORT`; empty for the file's.
  package var servers: [String]
  /// The file of names that goes before DNS.
  package var hostsPath: String
  /// How long addresses from that file hold.
  package var hostsTTL: Duration
  /// How long a server is waited for in the first round; twice as long in the next.
  package var serverTimeout: Duration
  /// Rounds over all servers.
  package var rounds: Int
  /// How long one lookup may take, with all its questions.
  package var lookupTimeout: Duration

  /// `/etc/resolv.conf` and `/etc/hosts` (for 5 s), servers waited for 2 s and then 4 s, a lookup
  /// 20 s.
  package static var system: ResolverConfiguration {
    ResolverConfiguration(
      configurationPath: "/etc/resolv.conf", servers: [], hostsPath: "/etc/hosts",
      hostsTTL: .seconds(5), serverTimeout: .seconds(2), rounds: 2, lookupTimeout: .seconds(20))
  }

  package init(
    configurationPath: String, servers: [String], hostsPath: String, hostsTTL: Duration,
    serverTimeout: Duration, rounds: Int, lookupTimeout: Duration
  ) {
    self.configurationPath = configurationPath
    self.servers = servers
    self.hostsPath = hostsPath
    self.hostsTTL = hostsTTL
    self.serverTimeout = serverTimeout
    self.rounds = rounds
    self.lookupTimeout = lookupTimeout
  }
}
