extension ServerAddress {
  /// Addresses with commas between: `HOST:PORT[,HOST:PORT…]`. Nil if one is none.
  public static func list(_ text: String) -> [ServerAddress]? {
    var addresses: [ServerAddress] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let address = ServerAddress(String(part)) else { return nil }
      addresses.append(address)
    }
    return addresses
  }
}
