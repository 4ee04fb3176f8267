/// Finds which process of this machine listens on a port, so that its processor time counts as
/// ours.
package enum ListeningProcess {
  /// Ids of the processes that hold a listening TCP socket on the port; empty when there is none,
  /// or when it belongs to another user.
  package static func ids(port: Int) -> Set<Int> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { SystemFile.text($0) }
    let sockets = Set(
      tables.flatMap { inodes(listeningOn: port, procNetTCP: $0) }.map { "socket:[\($0)]" })
    guard !sockets.isEmpty else { return [] }
    return Set(
      SystemFile.processIDs().filter { id in
        let folder = "/proc/\(id)/fd"
        return SystemFile.names(in: folder).contains { name in
          SystemFile.target(ofLink: "\(folder)/\(name)").map(sockets.contains) ?? false
        }
      })
  }

  /// The inode numbers of listening sockets in the text of `/proc/net/tcp` or `tcp6`.
  package static func inodes(listeningOn port: Int, procNetTCP text: String) -> [String] {
    let listening = "0A"
    return text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count >= 10, fields[3] == listening,
        let colon = fields[1].lastIndex(of: ":"),
        Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port
      else { return nil }
      return String(fields[9])
    }
  }
}
