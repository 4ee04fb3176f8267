/// The text of a file with addresses of workers: one `HOST:PORT` a line.
///
/// Blank lines, white space around addresses, and comments that begin with `#` are left out. Every
/// line ends with a line feed, the last one too: a list whose writing was cut off is not taken for a
/// shorter one, nor half a port for a whole one.
package enum AddressList {
  /// Bytes of a file, at most: room for 4,096 addresses with long names and comments.
  package static let byteCountMax = 1 << 20

  /// The addresses in order of lines, perhaps some twice.
  ///
  /// - Parameter path: for messages.
  /// - Throws: `.badList` naming the first line that is wrong, as "PATH:LINE: …".
  package static func addresses(
    in bytes: [UInt8], path: String
  ) throws(DiscoveryError) -> [Address] {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var addresses: [Address] = []
    for (index, line) in lines.enumerated() {
      let place = "\(path):\(index + 1)"
      // What follows the last line feed.
      guard index < lines.count - 1 else {
        if line.isEmpty { break }
        throw DiscoveryError(
          .badList, "\(place): the line does not end with a line feed: it may be half written")
      }
      let words = line.prefix { $0 != UInt8(ascii: "#") }.split(whereSeparator: isBlank)
      guard let word = words.first else { continue }
      guard words.count == 1 else {
        throw DiscoveryError(.badList, "\(place): there is one address on a line")
      }
      do {
        addresses.append(try Address(String(decoding: word, as: UTF8.self)))
      } catch {
        throw DiscoveryError(.badList, "\(place): \(error.message)")
      }
    }
    return addresses
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}
