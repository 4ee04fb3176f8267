internal import CPlatform
package import Inference
internal import NIOCore
internal import NIOPosix
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
  /// A compute thread that is longer in one step is stuck.
  private static let stepMax = Duration.seconds(2)

  private let engine: Engine
  private let started = NIODeadline.now()

  package init(engine: Engine) {
    self.engine = engine
  }

  package func callReceived(_ call: IncomingCall) {
    guard let method = call.head.method, method != .admin else {
      return call.refuse(
        Status(
          .unimplemented, reason: .unknownMethod,
          "method \(call.head.methodNumber) is not known here"))
    }
    switch method {
    case .info: call.respond(ResponseHead(load: loadReport()), body: info().encoded())
    case .health: call.respond(ResponseHead(load: loadReport()), body: health().encoded())
    case .admin: break
    case .embed, .classify, .score, .tokenize:
      let asked = call.head.model
      guard asked.isEmpty || asked == engine.info.name else {
        return call.refuse(
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
      tokensPerKilobyte: Int(load.tokensPerByte * 1_000), isDraining: load.isDraining,
      batchNanoseconds: UInt64(max(0, load.nanosecondsPerBatch)))
  }

  private func submit(_ call: IncomingCall, _ method: Wire.Method) {
    let request: EngineRequest
    do throws(Status) {
      request = try EngineRequest(method, body: call.body)
      try call.head.check(inputCount: request.inputs.count)
    } catch {
      return call.refuse(error, load: loadReport())
    }
    let priority: CallPriority = call.head.priority == .bulk ? .bulk : .interactive
    let translation = AnswerTranslation(
      method, labels: engine.info.model.labels, elementType: request.elementType)
    let handle = engine.submit(
      InferenceCall(
        task: request.task, inputs: request.inputs, limit: request.limit,
        deadline: call.deadline?.uptimeNanoseconds, priority: priority
      ) { [self] answer in
        if isSmall(answer, translation) {
          respond(call, answer, translation)
        } else {
          NIOThreadPool.singleton.submit { _ in self.respond(call, answer, translation) }
        }
      })
    call.onCancel { handle.cancel() }
  }

  private func isSmall(_ answer: InferenceAnswer, _ translation: AnswerTranslation) -> Bool {
    guard case .success(let results) = answer.outcome else { return true }
    return results.count < Self.largeInputs && translation.byteCount(results) < Self.largeBytes
  }

  private func respond(
    _ call: IncomingCall, _ answer: InferenceAnswer, _ translation: AnswerTranslation
  ) {
    var head = ResponseHead(
      fingerprint: engine.info.fingerprint, timings: Timings(answer.timings), load: loadReport())
    do throws(Status) {
      let results = try answer.outcome.mapError { Status($0) }.get()
      let parts = try translation.parts(results)
      guard !parts.isEmpty else { return call.respond(head) }
      for (index, part) in parts.enumerated() {
        head.inputs = part.inputs
        call.respond(head, body: part.body, isLast: index == parts.count - 1)
      }
    } catch {
      head.status = error
      call.respond(head)
    }
  }

  private func info() -> InfoResponse {
    InfoResponse(
      role: "worker", version: Version.current, models: [ModelInfo(engine.info)],
      residentBytes: cp_resident_bytes(),
      uptimeMilliseconds: UInt64(clamping: (.now() - started).nanoseconds / 1_000_000))
  }

  private func health() -> HealthResponse {
    let isProgressing = engine.oldestStep.map { $0 < Self.stepMax } ?? true
    let isReady = !engine.load().isDraining
    return HealthResponse(
      isLive: true, isReady: isReady, isProgressing: isProgressing,
      models: [
        ModelHealth(name: engine.info.name, workersReady: isReady ? 1 : 0, workersKnown: 1)
      ])
  }
}

extension Timings {
  fileprivate init(_ timings: CallTimings) {
    self.init(
      queueMicroseconds: timings.queue / 1_000, tokenizeMicroseconds: timings.tokenize / 1_000,
      computeMicroseconds: timings.compute / 1_000, totalMicroseconds: timings.total / 1_000)
  }
}
