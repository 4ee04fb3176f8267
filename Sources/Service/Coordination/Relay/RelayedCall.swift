internal import NIOCore
internal import Transport
internal import Wire

/// A caller's call while it is on its way over the workers: what was asked, and what of the answer
/// has come.
///
/// On the coordinator's event loop only.
final class RelayedCall {
  /// Answers of about this size go out in one frame, so that a large one does not hold up others.
  private static let answerFrameBytes = 256 << 10

  let caller: IncomingCall
  /// Once the scheduler has it.
  var id: Scheduler.CallID?
  /// When its first piece went out.
  var sentAt: Int64?
  let method: Method
  /// Nil while the body goes to one worker untouched.
  private(set) var splittable: SplittableCall?
  /// None while it is relayed untouched.
  var inputByteCounts: [Int] { splittable?.inputByteCounts ?? [] }
  /// Bytes of the request, and of answers that came so far.
  private(set) var byteCount: Int
  /// What it shares with equal calls, if it may.
  var sharedKey: SharedKey?
  /// The same of each input.
  private(set) var inputKeys: [SharedKey] = []
  private(set) var isAnswered = false
  /// Why what came of its answer is of no use to anybody.
  var failure: Status?
  /// What the caller was answered.
  private(set) var outcome = Status.ok
  private(set) var parts: [AnswerPart] = []
  private(set) var slots: AnswerSlots?
  private(set) var fingerprint = ""
  private(set) var timings = Timings()

  /// - Parameter splittable: nil relays the body untouched as one piece.
  init(_ caller: IncomingCall, method: Method, splittable: SplittableCall?) {
    self.caller = caller
    self.method = method
    self.splittable = splittable
    byteCount = caller.body.readableBytes
    restart()
  }

  /// What each input has in common with equal ones of other calls, which takes memory.
  func share(_ keys: [SharedKey]) {
    inputKeys = keys
    byteCount += keys.reduce(0) { $0 + $1.byteCount }
  }

  /// Forgets what was answered.
  func restart() {
    slots = splittable.map { AnswerSlots(method, inputCount: $0.inputByteCounts.count) }
    parts = []
    fingerprint = ""
  }

  /// From now on it is cut into its inputs.
  func split(_ splittable: SplittableCall) {
    self.splittable = splittable
    restart()
  }

  // MARK: To workers

  /// The call that a worker gets for a piece.
  func outgoing(_ units: [Int32], model: String, deadline: NIODeadline?) -> OutgoingCall {
    guard let splittable else {
      return OutgoingCall(relaying: caller, deadline: deadline)
    }
    let inputs = units.map(Int.init)
    let byteCounts = splittable.inputByteCounts
    var head = caller.head
    head.model = model
    head.inputCount = inputs.count
    head.textByteCount = inputs.reduce(0) { $0 + byteCounts[$1] }
    return OutgoingCall(
      head: head, body: ByteBuffer(bytes: splittable.body(of: inputs)), deadline: deadline,
      isTimed: false)
  }

  // MARK: From workers

  /// Takes in the answer to a piece.
  ///
  /// - Returns: bytes that are held for it.
  /// - Throws: INTERNAL for an answer that does not fit what was asked, or has not all of it;
  ///   `answerTooLarge`.
  func take(_ answer: [AnswerPart], _ last: ResponseHead, units: [Int32]) throws(Status) -> Int {
    fingerprint = last.fingerprint
    add(last.timings)
    guard slots != nil else {
      parts = answer
      return 0
    }
    let inputs = units.map(Int.init)
    let before = slots?.byteCount ?? 0
    do throws(WireError) {
      var answered = 0
      for part in answer where !part.inputs.isEmpty {
        guard part.inputs.lowerBound == answered, part.inputs.upperBound <= inputs.count else {
          throw WireError(.malformed, "results of inputs \(part.inputs) after \(answered) others")
        }
        answered = part.inputs.upperBound
        try slots?.place(part.body.readableBytesSpan, at: inputs[part.inputs])
      }
      guard answered == inputs.count else {
        throw WireError(.malformed, "\(answered) results for \(inputs.count) inputs")
      }
    } catch {
      throw Status(.internal, "a worker's answer is of no use: \(error.message)")
    }
    if let refusal = slots?.refusal(byteCountMax: WireLimits.answerBytesMax) { throw refusal }
    return hold((slots?.byteCount ?? 0) - before)
  }

  /// Puts in the result of an equal input.
  ///
  /// - Returns: bytes that are held for it.
  func take(_ value: SlotValue, at input: Int, fingerprint: String) throws(Status) -> Int {
    let before = slots?.byteCount ?? 0
    self.fingerprint = fingerprint
    do throws(WireError) {
      try slots?.place(value, at: input)
    } catch {
      throw Status(.internal, "an equal input's result does not fit: \(error.message)")
    }
    return hold((slots?.byteCount ?? 0) - before)
  }

  func fail(_ inputs: [Int32], _ status: Status) {
    if slots == nil { slots = AnswerSlots(method, inputCount: max(1, caller.head.inputCount)) }
    slots?.fail(inputs.map(Int.init), status)
  }

  /// The answer came as that of an equal call.
  func take(_ other: RelayedCall) {
    parts = other.parts
    slots = other.slots
    fingerprint = other.fingerprint
    timings = other.timings
  }

  /// The answer was kept.
  func take(_ kept: [AnswerPart], fingerprint: String) {
    parts = kept
    self.fingerprint = fingerprint
  }

  private func hold(_ bytes: Int) -> Int {
    byteCount += max(0, bytes)
    return max(0, bytes)
  }

  private func add(_ others: Timings) {
    // A day at most, so that no sum overflows, whatever a worker says.
    let dayMax: UInt64 = 86_400_000_000
    timings.queueMicroseconds = max(timings.queueMicroseconds, others.queueMicroseconds)
    timings.tokenizeMicroseconds += min(others.tokenizeMicroseconds, dayMax)
    timings.computeMicroseconds += min(others.computeMicroseconds, dayMax)
  }

  // MARK: To the caller

  /// Gives the whole answer.
  func answer(now: NIODeadline) {
    guard !isAnswered else { return }
    guard let slots else {
      isAnswered = true
      for (index, part) in parts.enumerated() {
        caller.respond(
          FrameHead(relaying: part.encodedHead), body: part.body, isLast: index == parts.count - 1)
      }
      return
    }
    timings.totalMicroseconds = caller.elapsedMicroseconds(now: now)
    guard let bodies = slots.parts(byteCountTarget: Self.answerFrameBytes) else {
      return refuse(Status(.internal, "a result is missing where all should be"))
    }
    isAnswered = true
    for (index, part) in bodies.enumerated() {
      caller.respond(
        ResponseHead(fingerprint: fingerprint, timings: timings, inputs: part.inputs),
        body: part.body, isLast: index == bodies.count - 1)
    }
  }

  func refuse(_ status: Status) {
    guard !isAnswered else { return }
    isAnswered = true
    outcome = status
    caller.refuse(status)
  }
}

/// A part of an answer as it came: what a relay needs of its head, and the rest untouched.
struct AnswerPart: Sendable {
  /// Of the piece, that the body answers.
  var inputs: Range<Int>
  var encodedHead: ByteBuffer
  var body: ByteBuffer
}
