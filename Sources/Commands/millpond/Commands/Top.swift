internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient

/// A live view of workers, rates, latencies and backlogs.
struct Top: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch a server: its workers, rates, latencies and backlogs.",
    discussion: """
      Drawn anew each second until Ctrl-C; percentiles are of the last ten seconds. Where standard \
      output is no terminal, each view follows the one before; --json prints one object a line.

        millpond top --server 127.0.0.1:7070
        millpond top --server 127.0.0.1:7070 --json --count 1
      """)

  @OptionGroup var question: QuestionOptions

  @Option(help: ArgumentHelp("Time between two views.", valueName: "SECONDS"))
  var interval: Double = 1

  @Option(help: ArgumentHelp("End after so many views.", valueName: "N"))
  var count: Int?

  func validate() throws {
    if !(0.1...3_600).contains(interval) {
      throw ValidationError("--interval \(interval): it is seconds from 0.1 to 3600")
    }
    if let count, count < 1 { throw ValidationError("--count \(count): it is 1 or more") }
  }

  func run() async throws {
    let (interval, count, json) = (interval, count, question.json)
    let isLive = StandardStreams.outputIsTerminal && !json
    if isLive { try StandardStreams.write(Array("\u{1b}[?1049h\u{1b}[?25l".utf8)) }
    defer {
      // The terminal is given back as it was; that it is gone is no news.
      if isLive { try? StandardStreams.write(Array("\u{1b}[?25h\u{1b}[?1049l".utf8)) }
    }
    try await question.withClient { client, call, servers in
      let start = ContinuousClock.now
      var before: TopScreen.Look?
      var views = 0
      while views < count ?? .max {
        let information = try await client.info(call: call)
        let look = TopScreen.Look(information, at: start.duration(to: .now))
        let screen = TopScreen(before: before, now: look)
        // The first look of a program has nothing to compare with, and tells nothing.
        if before != nil || isLive {
          try Self.show(screen, servers, isLive: isLive, json: json)
          views += before == nil ? 0 : 1
        }
        before = look
        if views < count ?? .max { try await Task.sleep(for: .seconds(interval)) }
      }
    }
  }

  private static func show(
    _ screen: TopScreen, _ servers: ServerList, isLive: Bool, json: Bool
  ) throws {
    if json { return try StandardStreams.write(screen.json()) }
    var lines = screen.lines(at: "\(servers)", columns: StandardStreams.columns)
    if isLive, let rows = StandardStreams.rows, lines.count >= rows {
      // One row is left for the cursor; what does not fit is said.
      let shown = max(1, rows - 2)
      lines = lines.prefix(shown) + ["… \(lines.count - shown) lines more"]
    }
    let text =
      isLive
      ? "\u{1b}[H" + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
      : lines.map { $0 + "\n" }.joined() + "\n"
    try StandardStreams.write(Array(text.utf8))
  }
}
