internal import CPlatform
package import Inference
package import NIOCore
internal import NIOPosix
internal import Status
package import Transport
package import Wire

/// Answers calls with one engine: translates, submits, and translates back.
///
/// Small calls are translated where they are, on the event loop and on the engine's thread; large
/// ones on a thread of NIO's pool, so that neither a ping nor a batch waits for them.
package final class WorkerService: CallService {
  /// From this many bytes of request or answer, or inputs of an answer, on a call counts as large.
  private static let largeBytes = 256 << 10
  private static let largeInputs = 256

  private let engine: Engine
  private let status: WorkerStatus
  private let healthWatch: ChangeWatch<HealthResponse>
  private let started = NIODeadline.now()

  /// A service whose calls come on the given event loop.
  package init(engine: Engine, status: WorkerStatus, on eventLoop: any EventLoop) {
    self.engine = engine
    self.status = status
    healthWatch = ChangeWatch(on: eventLoop) { HealthResponse(status.health) }
  }

  /// No more calls are to come: those who watch the health are told so, for the last time.
  package func beginDraining() {
    status.draining()
    healthWatch.end()
  }

  package func callReceived(_ call: IncomingCall) {
    guard let method = call.head.method, method != .admin else {
      return refuse(
        call,
        Status(
          .unimplemented, reason: .unknownMethod,
          "method \(call.head.methodNumber) is not known here"))
    }
    switch method {
    case .info:
      call.respond(ResponseHead(load: loadReport()), body: info().encoded())
      status.answered(.info, .ok, inputs: 0)
    case .health: answerHealth(call)
    case .admin: break
    case .embed, .classify, .score, .tokenize:
      let asked = call.head.model
      guard asked.isEmpty || asked == engine.info.name else {
        return refuse(
          call,
          Status(
            .notFound, reason: .unknownModel,
            "model '\(asked)' is not served here; served: '\(engine.info.name)'"))
      }
      if call.body.readableBytes < Self.largeBytes, call.head.inputCount < Self.largeInputs {
        submit(call, method)
      } else {
        NIOThreadPool.singleton.submit { _ in self.submit(call, method) }
      }
    }
  }

  package func loadReport() -> Wire.LoadReport? {
    let load = engine.load()
    return Wire.LoadReport(
      backlogMicroseconds: load.backlogNanoseconds / 1_000, queuedInputs: load.queuedInputs,
      queuedBytes: load.queuedBytes, threads: load.threadCount,
      tokenNanoseconds: UInt64(max(0, load.nanosecondsPerToken)),
      tokenSquaredPicoseconds: UInt64(max(0, load.nanosecondsPerSquaredToken * 1_000)),
      tokensPerKilobyte: Int(load.tokensPerByte * 1_000),
      isDraining: load.isDraining || status.isDraining,
      batchNanoseconds: UInt64(max(0, load.nanosecondsPerBatch)))
  }

  /// Refuses a call before the engine has seen it.
  private func refuse(_ call: IncomingCall, _ refusal: Status, load: Wire.LoadReport? = nil) {
    call.refuse(refusal, load: load)
    status.answered(call.head.method, refusal.code, inputs: call.head.inputCount)
  }

  // MARK: - Calls for the engine

  private func submit(_ call: IncomingCall, _ method: Wire.Method) {
    let request: EngineRequest
    do throws(Status) {
      request = try EngineRequest(method, body: call.body)
      try call.head.check(inputCount: request.inputs.count)
    } catch {
      return refuse(call, error, load: loadReport())
    }
    let inputCount = request.inputs.count
    let priority: CallPriority = call.head.priority == .bulk ? .bulk : .interactive
    let translation = AnswerTranslation(
      method, labels: engine.info.model.labels, elementType: request.elementType)
    let handle = engine.submit(
      InferenceCall(
        task: request.task, inputs: request.inputs, limit: request.limit,
        deadline: call.deadline?.uptimeNanoseconds, priority: priority
      ) { [self] answer in
        if isSmall(answer, translation) {
          respond(call, method, answer, translation, inputCount)
        } else {
          NIOThreadPool.singleton.submit { _ in
            self.respond(call, method, answer, translation, inputCount)
          }
        }
      })
    call.onCancel { handle.cancel() }
  }

  private func isSmall(_ answer: InferenceAnswer, _ translation: AnswerTranslation) -> Bool {
    guard case .success(let results) = answer.outcome else { return true }
    return results.count < Self.largeInputs && translation.byteCount(results) < Self.largeBytes
  }

  private func respond(
    _ call: IncomingCall, _ method: Wire.Method, _ answer: InferenceAnswer,
    _ translation: AnswerTranslation, _ inputCount: Int
  ) {
    var head = ResponseHead(
      fingerprint: engine.info.fingerprint, timings: Timings(answer.timings), load: loadReport())
    // Counted before it is sent: who has the answer finds it counted.
    do throws(Status) {
      let results = try answer.outcome.mapError { Status($0) }.get()
      let parts = try translation.parts(results)
      status.answered(method, answer, .ok, inputs: inputCount)
      guard !parts.isEmpty else { return call.respond(head) }
      for (index, part) in parts.enumerated() {
        head.inputs = part.inputs
        call.respond(head, body: part.body, isLast: index == parts.count - 1)
      }
    } catch {
      status.answered(method, answer, error, inputs: inputCount)
      head.status = error
      call.respond(head)
    }
  }

  // MARK: - Calls about the worker

  private func info() -> InfoResponse {
    InfoResponse(
      role: "worker", version: Version.current, models: [ModelInfo(engine.info)],
      residentBytes: cp_resident_bytes(),
      uptimeMilliseconds: UInt64(clamping: (.now() - started).nanoseconds / 1_000_000))
  }

  /// Answers now and, where the caller watches, after each change: until it cancels, its deadline
  /// passes or the worker drains.
  private func answerHealth(_ call: IncomingCall) {
    let request: HealthRequest
    let body = call.body
    do throws(WireError) {
      request = try HealthRequest(decoding: body.readableBytesSpan)
    } catch {
      return refuse(call, Status(.invalidArgument, error.message))
    }
    guard request.watch else {
      status.answered(.health, .ok, inputs: 0)
      let health = HealthResponse(status.health)
      return call.respond(ResponseHead(load: loadReport()), body: health.encoded())
    }
    let watcher = healthWatch.watch(until: call.deadline) { [self] health, isLast in
      if isLast { status.answered(.health, .ok, inputs: 0) }
      call.respond(ResponseHead(load: loadReport()), body: health.encoded(), isLast: isLast)
    }
    guard let watcher else {
      return refuse(
        call,
        Status(
          .resourceExhausted, reason: .limit, "too many watch the health of this worker",
          isRetryable: true))
    }
    call.onCancel { [self] in
      guard healthWatch.cancel(watcher) else { return }
      refuse(call, Status(.cancelled, "the caller cancelled the watch"))
    }
  }
}

extension Timings {
  fileprivate init(_ timings: CallTimings) {
    self.init(
      queueMicroseconds: timings.queue / 1_000, tokenizeMicroseconds: timings.tokenize / 1_000,
      computeMicroseconds: timings.compute / 1_000, totalMicroseconds: timings.total / 1_000)
  }
}
