internal import ArgumentParser
internal import MillpondClient
internal import ServiceSupport

/// What happens to texts over the limit.
struct LengthFlags: ParsableArguments {
  /// `--truncate`'s values.
  enum Side: String, ExpressibleByArgument, CaseIterable {
    case off
    case left
    case right
  }

  @Option(
    help: ArgumentHelp(
      "Cut texts over the limit at this side; off makes them errors.", valueName: "off|left|right"))
  var truncate = Side.off

  @Option(
    help: ArgumentHelp(
      "Lower the model's limit of tokens; special tokens count.", valueName: "N"))
  var maxTokens: Int?

  func validate() throws {
    if let maxTokens, !(0...Int(UInt32.max)).contains(maxTokens) {
      throw ValidationError("--max-tokens \(maxTokens): it is a count of tokens")
    }
  }

  /// The options with these.
  func apply(to options: CallOptions) -> CallOptions {
    var options = options
    options.maxTokens = maxTokens
    options.truncation =
      switch truncate {
      case .off: .off
      case .left: .left
      case .right: .right
      }
    return options
  }
}

/// How answers are printed.
struct OutputFlags: ParsableArguments {
  @Flag(help: "Print one JSON object a line for each input, for programs.")
  var json = false
}

/// A prompt of the model by name.
struct PromptOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Put this prompt of the model before each text; '' is none.", valueName: "NAME"))
  var prompt: String?
}

/// Which answers calls take, and when they are computed.
struct HeadFlags: ParsableArguments {
  /// `--priority`'s values.
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case interactive
    case bulk
  }

  @Option(
    help: ArgumentHelp(
      "Take answers of this fingerprint only, as info shows it.", valueName: "FINGERPRINT"))
  var pin: String?

  @Flag(help: "Have each call computed for itself: no answer that an equal call had.")
  var noSharing = false

  @Option(
    help: ArgumentHelp(
      "Bulk calls go after interactive ones.", valueName: "interactive|bulk"))
  var priority = Order.interactive

  @OptionGroup var caller: CallerFlags

  /// The options with these.
  func apply(to options: CallOptions) -> CallOptions {
    var options = caller.apply(to: options)
    options.fingerprint = pin
    options.sharing = noSharing ? .off : .serverDefault
    options.priority =
      switch priority {
      case .interactive: .interactive
      case .bulk: .bulk
      }
    return options
  }
}

/// What calls say of who makes them.
struct CallerFlags: ParsableArguments {
  @Option(help: ArgumentHelp("A name for the calls in the server's logs.", valueName: "TEXT"))
  var requestId: String?

  @Option(help: ArgumentHelp("Who calls. Default: MILLPOND_TOKEN.", valueName: "TEXT"))
  var token: String?

  /// The flag's, else the environment's; empty if neither names one.
  var tokenInForce: String {
    token ?? Environment.current[ServeSettings.tokenVariable] ?? ""
  }

  /// The options with these.
  func apply(to options: CallOptions) -> CallOptions {
    var options = options
    options.requestID = requestId ?? ""
    options.token = tokenInForce
    return options
  }
}
