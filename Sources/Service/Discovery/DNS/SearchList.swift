/// Which names are asked for in place of one, as resolv.conf has it.
package struct SearchList: Sendable, Hashable {
  /// A name with at least this many dots is asked for as it is first. Kubernetes sets 5.
  package var dotsMin: Int
  /// What is put behind a name.
  package var domains: [String]

  package init(dotsMin: Int, domains: [String]) {
    self.dotsMin = dotsMin
    self.domains = domains
  }

  /// The names to ask for until one gives records. Never empty.
  ///
  /// With a domain behind them, names that would be too long are left out.
  package func candidates(for name: DNSName) -> [DNSName] {
    if name.isAbsolute { return [name] }
    let extended = domains.compactMap { domain in
      // A domain of "." and one that is no name give nothing to ask for.
      try? DNSName("\(name.text).\(domain)")
    }
    let dots = name.text.utf8.count { $0 == UInt8(ascii: ".") }
    return dots >= dotsMin ? [name] + extended : extended + [name]
  }
}
