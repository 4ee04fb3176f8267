package import NIOCore

/// How a client keeps its connections.
package struct PoolSettings: Sendable {
  /// Addresses that are connected to at once.
  package var connectionsMax: Int
  /// A name is resolved again when a call comes and it was resolved so long ago …
  package var nameAge: TimeAmount
  /// … or when a connection ends, and it was resolved so long ago.
  package var nameAgeInTrouble: TimeAmount
  /// The addresses of a name. On a thread that may block.
  package var resolve: @Sendable (ServerAddress) throws(MillpondError) -> [ServerAddress]

  /// 8 connections, names of 30 s and in trouble of 5 s, the system's resolver.
  package static var defaults: PoolSettings {
    PoolSettings(
      connectionsMax: 8, nameAge: .seconds(30), nameAgeInTrouble: .seconds(5),
      resolve: HostResolver.addresses)
  }

  package init(
    connectionsMax: Int, nameAge: TimeAmount, nameAgeInTrouble: TimeAmount,
    resolve:
      @escaping @Sendable (ServerAddress) throws(MillpondError) -> [ServerAddress]
  ) {
    self.connectionsMax = connectionsMax
    self.nameAge = nameAge
    self.nameAgeInTrouble = nameAgeInTrouble
    self.resolve = resolve
  }
}
