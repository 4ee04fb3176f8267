internal import NIOCore
internal import Transport
internal import Wire

/// Carries one caller's call over the workers: sends pieces, gathers their answers, answers once.
///
/// On the coordinator's event loop only.
final class CallRelay {
  /// What the relay needs of the coordinator.
  struct Environment {
    /// Ready workers of the call's model, least busy first.
    var candidates: (String) -> [WorkerPool.Worker]
    var link: (WorkerPool.WorkerID) -> WorkerLink?
    var sent: (Piece, WorkerPool.WorkerID) -> Void
    var ended: (Piece, WorkerPool.WorkerID) -> Void
    var reported: (LoadReport, WorkerPool.WorkerID) -> Void
    /// Bytes of text, inputs and nanoseconds of compute of an answered piece.
    var observed: (Int, Int, Int64) -> Void
    /// Bytes of an answer that the relay holds from now on, until it has finished.
    var held: (Int) -> Void
    var finished: (CallRelay) -> Void
  }

  private struct OpenPiece {
    var piece: Piece
    var workerCallID: UInt64
    var parts: [(head: ResponseHead, body: ByteBuffer)] = []
  }

  private struct Key: Hashable {
    var piece: Piece.ID
    var worker: WorkerPool.WorkerID
  }

  /// Answers of about this size go out in one frame, so that a large one does not hold up others.
  private static let answerFrameBytes = 256 << 10
  private static let reportedMicrosecondsMax: UInt64 = 86_400_000_000

  let model: String
  /// Bytes of the request, and of answers that came so far.
  private(set) var byteCount: Int
  private let call: IncomingCall
  private let method: Method
  private let splittable: SplittableCall?
  private let inputByteCounts: [Int]
  private let environment: Environment

  private let workerBacklogMax: Int64
  private var fanOut: FanOut
  private var open: [Key: OpenPiece] = [:]
  private var slots: AnswerSlots?
  private var wholeParts: [(head: ResponseHead, body: ByteBuffer)] = []
  private var fingerprint: String?
  private var timings = Timings()
  private(set) var isFinished = false

  /// - Parameter splittable: nil relays the body untouched as one piece.
  init(
    call: IncomingCall, method: Method, model: String, splittable: SplittableCall?,
    inputByteCounts: [Int], costs: [Int64], configuration: FanOutConfiguration,
    environment: Environment
  ) {
    self.call = call
    self.method = method
    self.model = model
    self.byteCount = call.body.readableBytes
    self.splittable = splittable
    self.inputByteCounts = inputByteCounts
    self.environment = environment
    self.workerBacklogMax = configuration.workerBacklogMax.nanoseconds
    self.fanOut = FanOut(costs: costs, isWhole: splittable == nil, configuration: configuration)
    if splittable != nil { slots = AnswerSlots(method, inputCount: costs.count) }
  }

  /// Whether the call waits for a worker and no worker has any of it.
  var isWaiting: Bool { !isFinished && open.isEmpty }

  /// Since when the call is here.
  var received: NIODeadline { call.received }

  var deadline: NIODeadline? { call.deadline }

  /// Whether something of the call waits for a worker to have room.
  var hasPending: Bool { !isFinished && fanOut.hasPending }

  /// Interactive calls go first, then the older ones.
  func goes(before other: CallRelay) -> Bool {
    (call.head.priority.rawValue, received) < (other.call.head.priority.rawValue, other.received)
  }

  /// Sends what can be sent.
  func pump(now: NIODeadline = .now()) {
    guard !isFinished else { return }
    while fanOut.hasPending {
      let workers = environment.candidates(model).filter { isCompatible($0) }
      var sentAny = false
      for worker in workers where worker.backlog <= workerBacklogMax {
        guard
          let piece = fanOut.nextPiece(
            for: worker.id, workerCount: workers.count, backlog: worker.backlog,
            now: Int64(clamping: now.uptimeNanoseconds))
        else { continue }
        sentAny = send(piece, to: worker.id)
        break
      }
      if !sentAny || isFinished { return }
    }
  }

  /// Sends pieces that are late to a second worker as well, and gives up what is past its deadline.
  func checkTime(_ now: NIODeadline) {
    guard !isFinished else { return }
    if let deadline, now >= deadline {
      return fail(Status(.deadlineExceeded, "the deadline passed before the answer was whole"))
    }
    for id in fanOut.latePieces(now: Int64(clamping: now.uptimeNanoseconds)) {
      for worker in environment.candidates(model) where isCompatible(worker) {
        let uptime = Int64(clamping: now.uptimeNanoseconds)
        guard let piece = fanOut.duplicate(id, to: worker.id, now: uptime) else { continue }
        _ = send(piece, to: worker.id)
        break
      }
    }
    pump(now: now)
  }

  /// The caller went away: workers are told, and the call is answered for the record.
  func cancel() {
    fail(Status(.cancelled, "cancelled by the caller"))
  }

  /// Answers the whole call with a status.
  func fail(_ status: Status) {
    guard !isFinished else { return }
    finish()
    call.refuse(status)
  }

  /// One answer never mixes fingerprints: once a part came, only its equals are asked.
  private func isCompatible(_ worker: WorkerPool.Worker) -> Bool {
    fingerprint == nil || fingerprint == worker.fingerprint
  }

  /// - Returns: whether the worker has it.
  private func send(_ piece: Piece, to worker: WorkerPool.WorkerID) -> Bool {
    environment.sent(piece, worker)
    var head = call.head
    head.model = model
    var body = call.body
    if let splittable {
      body = ByteBuffer(bytes: splittable.body(of: piece.inputs))
      head.inputCount = piece.inputs.count
      head.textByteCount = piece.inputs.reduce(0) { $0 + inputByteCounts[$1] }
    }
    let key = Key(piece: piece.id, worker: worker)
    let outgoing = OutgoingCall(head: head, body: body, deadline: call.deadline)
    let callID = environment.link(worker)?.start(outgoing) { [self] event in
      pieceEvent(event, key)
    }
    guard let callID else {
      lose(piece, on: worker, counts: false)
      return false
    }
    open[key] = OpenPiece(piece: piece, workerCallID: callID)
    return true
  }

  private func pieceEvent(_ event: CallEvent, _ key: Key) {
    guard !isFinished, var piece = open[key] else { return }
    switch event {
    case .failed(let status, let wasRead):
      open[key] = nil
      if status.code == .deadlineExceeded || status.code == .invalidArgument {
        environment.ended(piece.piece, key.worker)
        return fail(status)
      }
      lose(piece.piece, on: key.worker, counts: wasRead)
      pump()
    case .part(let head, let body, let isLast):
      piece.parts.append((head, body))
      byteCount += body.readableBytes
      environment.held(body.readableBytes)
      open[key] = isLast ? nil : piece
      if isLast { pieceAnswered(piece, key, head) }
    }
  }

  private func lose(_ piece: Piece, on worker: WorkerPool.WorkerID, counts: Bool) {
    environment.ended(piece, worker)
    switch fanOut.lost(piece.id, on: worker, counts: counts) {
    case .none, .requeued: break
    case .exhausted(let piece):
      fail(
        Status(
          .unavailable, reason: .workerLost,
          "\(piece.inputs.count) inputs were lost with one worker after another",
          isRetryable: true))
    }
  }

  private func pieceAnswered(_ answered: OpenPiece, _ key: Key, _ last: ResponseHead) {
    if let load = last.load { environment.reported(load, key.worker) }
    guard last.status.isOK else { return pieceRefused(answered, key, last.status) }
    if let fingerprint, fingerprint != last.fingerprint {
      return lose(answered.piece, on: key.worker, counts: false)
    }
    environment.ended(answered.piece, key.worker)
    fingerprint = last.fingerprint
    guard let others = fanOut.answered(answered.piece.id, by: key.worker) else { return }
    for other in others { abandon(Key(piece: key.piece, worker: other)) }
    observe(answered.piece, last.timings)
    guard take(answered) else { return }
    if fanOut.isDone {
      answer()
    } else {
      pump()
    }
  }

  /// Another worker was faster.
  private func abandon(_ key: Key) {
    guard let piece = open.removeValue(forKey: key) else { return }
    environment.link(key.worker)?.cancel(piece.workerCallID)
    environment.ended(piece.piece, key.worker)
  }

  private func pieceRefused(_ refused: OpenPiece, _ key: Key, _ status: Status) {
    // Another worker may take it; anything else would be refused everywhere.
    if status.code == .unavailable || status.code == .resourceExhausted {
      let workers = environment.candidates(model).filter { isCompatible($0) }.map(\.id)
      let isUntried = fanOut.hasUntried(
        refused.piece.id, among: workers.filter { $0 != key.worker })
      if isUntried || status.code == .unavailable {
        lose(refused.piece, on: key.worker, counts: false)
        return pump()
      }
    }
    environment.ended(refused.piece, key.worker)
    var status = status
    status.inputIndex = status.inputIndex.flatMap { index in
      refused.piece.inputs.indices.contains(index) ? refused.piece.inputs[index] : nil
    }
    fail(status)
  }

  private func observe(_ piece: Piece, _ timings: Timings) {
    let bytes = piece.inputs.reduce(0) { $0 + inputByteCounts[$1] }
    // A day at most, so that no sum overflows, whatever a worker says.
    let compute = min(timings.computeMicroseconds, Self.reportedMicrosecondsMax)
    environment.observed(bytes, piece.inputs.count, Int64(compute) * 1_000)
    self.timings.queueMicroseconds = max(self.timings.queueMicroseconds, timings.queueMicroseconds)
    self.timings.tokenizeMicroseconds += min(
      timings.tokenizeMicroseconds, Self.reportedMicrosecondsMax)
    self.timings.computeMicroseconds += compute
  }

  private func take(_ answered: OpenPiece) -> Bool {
    guard slots != nil else {
      wholeParts = answered.parts
      return true
    }
    do throws(WireError) {
      for part in answered.parts where !part.head.inputs.isEmpty {
        guard part.head.inputs.upperBound <= answered.piece.inputs.count else {
          throw WireError(.malformed, "a worker answered inputs that it was not asked")
        }
        try slots?.place(
          part.body.readableBytesSpan, at: answered.piece.inputs[part.head.inputs])
      }
    } catch {
      fail(Status(.internal, "a worker's answer does not decode: \(error.message)"))
      return false
    }
    guard let refusal = slots?.refusal(byteCountMax: WireLimits.answerBytesMax) else { return true }
    fail(refusal)
    return false
  }

  private func answer() {
    finish()
    guard let slots else {
      for (index, part) in wholeParts.enumerated() {
        var head = part.head
        head.load = nil
        call.respond(head, body: part.body, isLast: index == wholeParts.count - 1)
      }
      return
    }
    timings.totalMicroseconds = call.elapsedMicroseconds(now: .now())
    let parts = slots.parts(byteCountTarget: Self.answerFrameBytes)
    for (index, part) in parts.enumerated() {
      call.respond(
        ResponseHead(fingerprint: fingerprint ?? "", timings: timings, inputs: part.inputs),
        body: part.body, isLast: index == parts.count - 1)
    }
  }

  private func finish() {
    isFinished = true
    for key in Array(open.keys) { abandon(key) }
    environment.finished(self)
  }
}
