/// A file of names of this machine's own, as `/etc/hosts` has it.
///
/// It goes before DNS, as with every other program: in it are `localhost` and the names that
/// containers are given with `--add-host`.
package enum HostsFile {
  /// A file of more bytes is taken for none.
  static let byteCountMax = 4 << 20

  /// Every address of a name: on a line an address, then names with white space between them; `#`
  /// begins a comment. Letters count as small ones.
  package static func addresses(of name: DNSName, in bytes: [UInt8]) -> [String] {
    let wanted = name.text.lowercased()
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let words = line.prefix { $0 != UInt8(ascii: "#") }
        .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
        .map { String(decoding: $0, as: UTF8.self) }
      guard let address = words.first,
        words.dropFirst().contains(where: { $0.lowercased() == wanted })
      else { return nil }
      return Address.isIPv4(address) || Address.isIPv6(address) ? address : nil
    }
  }
}
