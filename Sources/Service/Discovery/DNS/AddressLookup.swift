/// One lookup: which questions follow from which answers, and what comes of it. Asks nothing itself.
///
/// Names that may have a search domain are tried in turn. The first that has records ends the search;
/// so does one that no server could look up, since another in its place could be somebody else's.
package struct AddressLookup: Sendable {
  /// What is looked up.
  package enum Subject: Sendable, Hashable {
    /// Every address of a name, at one port.
    case name(DNSName, port: Int)
    /// Every address of the targets of a name's SRV records, each at its port.
    case service(DNSName)
  }

  /// What to do next.
  package enum Action: Sendable, Equatable {
    /// Ask all of these, and give the answers in the same order.
    case ask([DNSQuestion])
    case done(AddressOutcome)
  }

  private enum State: Sendable {
    /// The candidate at this index is being asked for.
    case searching(Int)
    /// The targets of these records are being asked for, a part at a time.
    case resolving([Service], later: ArraySlice<DNSQuestion>)
  }

  private struct Service: Sendable, Hashable {
    var target: DNSName
    var port: Int
  }

  /// Questions that are asked at once: this many answers are held, of at most 64 KiB each.
  private static let questionsMax = 64

  private let subject: Subject
  private let candidates: [DNSName]
  private var tally: LookupTally
  private var state = State.searching(0)
  private var asked: [DNSQuestion] = []
  /// Whether a name was there, if without records of the type.
  private var hasName = false

  /// - Parameter last: the last lookup that found something: what it found stands in for answers that
  ///   do not come now.
  package init(_ subject: Subject, _ search: SearchList, last: AddressLookup? = nil) {
    self.subject = subject
    candidates =
      switch subject {
      case .name(let name, _), .service(let name): search.candidates(for: name)
      }
    tally = LookupTally(last: last?.tally.memory ?? [:])
  }

  /// The first questions.
  package mutating func begin() -> Action { search(from: 0) }

  /// The answers to what `ask` said, in its order.
  package mutating func answered(_ answers: [DNSAnswer]) -> Action {
    precondition(answers.count == asked.count, "\(asked.count) questions, \(answers.count) answers")
    switch (state, subject) {
    case (.searching(let index), .name(_, let port)):
      take(answers)
      let hosts = tally.hosts(of: candidates[index])
      if hosts.isEmpty, !tally.isPartial { return search(from: index + 1) }
      return done(hosts.map { Address(host: $0, port: port) })
    case (.searching(let index), .service):
      return searched(answers.first ?? .noSuchName, index)
    case (.resolving(let services, let later), _):
      take(answers)
      return resolve(services, later)
    }
  }

  private mutating func take(_ answers: [DNSAnswer]) {
    for (question, answer) in zip(asked, answers) {
      if case .noSuchName = answer {} else { hasName = true }
      tally.take(question, answer)
    }
  }

  private mutating func search(from index: Int) -> Action {
    guard index < candidates.count else { return done([]) }
    state = .searching(index)
    return switch subject {
    case .service: ask([DNSQuestion(candidates[index], .srv)])
    case .name: ask(DNSQuestion.addresses(of: candidates[index]))
    }
  }

  private mutating func searched(_ answer: DNSAnswer, _ index: Int) -> Action {
    take([answer])
    switch answer {
    case .noData, .noSuchName: return search(from: index + 1)
    case .unavailable: return done([])
    case .message(let message):
      let services = Self.services(message)
      let targets = Self.unique(services.map(\.target))
      let known = Dictionary(grouping: message.additional.filter(\.data.isAddress)) {
        $0.name ?? ""
      }
      // Servers leave out what does not fit: if one name is missing, of another one family could be.
      if targets.allSatisfy({ known[$0.text] != nil }) {
        for target in targets { tally.take(target, known[target.text] ?? []) }
        return done(addresses(of: services))
      }
      return resolve(services, targets.flatMap(DNSQuestion.addresses)[...])
    }
  }

  private mutating func resolve(_ services: [Service], _ questions: ArraySlice<DNSQuestion>)
    -> Action
  {
    guard !questions.isEmpty else { return done(addresses(of: services)) }
    state = .resolving(services, later: questions.dropFirst(Self.questionsMax))
    return ask(Array(questions.prefix(Self.questionsMax)))
  }

  /// The records of the lowest priority number: those are to be used first. Broken ones, and the one
  /// that says that there is no such service, are left out.
  private static func services(_ message: DNSMessage) -> [Service] {
    let all = message.answers.compactMap { record -> (priority: UInt16, service: Service)? in
      guard case .service(let priority, let port, let target?) = record.data, port > 0,
        // Absolute: no search domain belongs behind it.
        let name = try? DNSName(target + ".")
      else { return nil }
      return (priority, Service(target: name, port: Int(port)))
    }
    let first = all.map(\.priority).min()
    return unique(all.filter { $0.priority == first }.map(\.service))
  }

  /// Stops soon after the most that are kept, whatever the answers hold.
  private func addresses(of services: [Service]) -> [Address] {
    var addresses: [Address] = []
    for service in services where addresses.count <= AddressWatchConfiguration.addressesMax {
      addresses += tally.hosts(of: service.target).map { Address(host: $0, port: service.port) }
    }
    return addresses
  }

  private static func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }

  private mutating func ask(_ questions: [DNSQuestion]) -> Action {
    asked = questions
    return .ask(questions)
  }

  private mutating func done(_ addresses: [Address]) -> Action {
    asked = []
    return .done(
      tally.outcome(addresses, none: hasName ? "it has no addresses" : "there is no such name"))
  }
}

extension DNSMessage.Data {
  fileprivate var isAddress: Bool {
    switch self {
    case .ipv4, .ipv6: true
    case .service, .other: false
    }
  }
}
