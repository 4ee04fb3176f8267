internal import CResolver
internal import Glibc

/// Asks DNS on the calling thread, which waits. Opened for one lookup, so that it holds to the
/// configuration of that time.
struct Resolver: ~Copyable {
  /// What stands behind names that are not absolute.
  let search: SearchList
  private let resolver: OpaquePointer

  /// - Throws: `.noResolver`.
  init(_ configuration: ResolverConfiguration) throws(DiscoveryError) {
    var opened: OpaquePointer?
    let servers = configuration.servers.joined(separator: ",")
    let status = configuration.configurationPath.withCString { path in
      servers.withCString { servers in
        var options = cr_options(
          configuration_path: path, servers: configuration.servers.isEmpty ? nil : servers,
          timeout_milliseconds: configuration.serverTimeout.clampedMilliseconds,
          tries: Int32(clamping: configuration.rounds))
        return cr_open(&options, &opened)
      }
    }
    guard status == 0, let opened else {
      throw DiscoveryError(
        .noResolver,
        "\(configuration.configurationPath): \(String(cString: cr_error_text(status)))")
    }
    resolver = opened
    search = SearchList(
      dotsMin: Int(cr_ndots(opened)),
      domains: (0..<cr_search_domain_count(opened)).compactMap { index in
        cr_search_domain(opened, index).map { String(cString: $0) }
      })
  }

  deinit { cr_close(resolver) }

  /// The answers in the order of the questions.
  ///
  /// - Parameters:
  ///   - wait: after this, what has no answer is unavailable.
  ///   - stop: so it is when this is set.
  func ask(_ questions: [DNSQuestion], wait: Duration, stop: StopSignal) -> [DNSAnswer] {
    let names = questions.map { strdup($0.name.text) }
    defer { for name in names { free(name) } }
    let asked = zip(questions, names).map { question, name in
      cr_question(name: name, type: question.type.rawValue)
    }
    var answers = [DNSAnswer](repeating: .unavailable("no memory"), count: questions.count)
    guard names.allSatisfy({ $0 != nil }) else { return answers }
    answers.withUnsafeMutableBufferPointer { answers in
      // The callback is called during cr_ask only, with indexes of the questions.
      cr_ask(
        resolver, asked, asked.count, wait.clampedMilliseconds, stop.descriptor,
        { context, index, outcome, reason, message, length in
          let answers = context?.assumingMemoryBound(to: DNSAnswer.self)
          answers?[index] = DNSAnswer(
            outcome, reason: reason, message: UnsafeBufferPointer(start: message, count: length))
        }, answers.baseAddress)
    }
    return answers
  }
}

extension DNSAnswer {
  fileprivate init(
    _ outcome: cr_outcome, reason: UnsafePointer<CChar>?, message: UnsafeBufferPointer<UInt8>
  ) {
    switch outcome {
    case CR_ANSWERED:
      do {
        self = .message(try DNSMessage(Array(message)))
      } catch {
        self = .unavailable(error.message)
      }
    case CR_NO_DATA: self = .noData
    case CR_NO_SUCH_NAME: self = .noSuchName
    default: self = .unavailable(reason.map { String(cString: $0) } ?? "no reason given")
    }
  }
}

extension Duration {
  /// Milliseconds, 0…2³¹ − 1.
  fileprivate var clampedMilliseconds: Int32 {
    Int32(min(max(0, self / .milliseconds(1)), Double(Int32.max)))
  }
}
