/// Looks at a file of addresses, one after the other, on threads that may wait.
///
/// By looking, not by inotify: that says nothing of files on other machines (NFS), nor of what
/// Kubernetes exchanges by a link two folders further up.
struct FileInquiry: Sendable {
  private let path: String
  private var looks = FileLooks()
  /// What the state that was read last came to.
  private var outcome: AddressOutcome

  init(path: String) {
    self.path = path
    outcome = .failed(.unavailable, "\(path): not read yet")
  }

  mutating func ask() -> AddressOutcome {
    do {
      if looks.looked(try FileIdentity(path: path)) == .read {
        let contents = try FileContents(path: path)
        outcome = Self.outcome(contents, path)
        looks.taken(contents.identity)
      }
      return outcome
    } catch {
      return .failed(.unavailable, error.message)
    }
  }

  private static func outcome(_ contents: FileContents, _ path: String) -> AddressOutcome {
    do {
      let addresses = try AddressList.addresses(in: contents.bytes, path: path)
      if addresses.isEmpty { return .failed(.noAddresses, "\(path): no addresses") }
      return .found(addresses, ttl: AddressWatchConfiguration.file.ttlMin)
    } catch {
      return .failed(.unavailable, error.message)
    }
  }
}
