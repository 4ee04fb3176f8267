internal import Logging
internal import NIOCore
internal import Transport
internal import Wire

/// Answers operators, on an address of its own: whoever reaches it may swap models and drain workers.
/// It tells of the coordinator as the callers' address does.
final class AdminService: CallService {
  private let coordinator: CoordinatorService
  private let operate: Operator
  private let logger: Logger

  init(coordinator: CoordinatorService, operate: Operator, logger: Logger) {
    self.coordinator = coordinator
    self.operate = operate
    self.logger = logger
  }

  func callReceived(_ call: IncomingCall) {
    switch call.head.method {
    case .admin?:
      let body = call.body
      do throws(WireError) {
        let request = try AdminRequest(decoding: body.readableBytesSpan)
        Task { await answer(call, request) }
      } catch {
        call.refuse(Status(.invalidArgument, error.message))
      }
    case .info?, .health?: coordinator.callReceived(call)
    case .embed?, .classify?, .score?, .tokenize?, nil:
      call.refuse(
        Status(
          .unimplemented, reason: .unknownMethod,
          "this address is for administration: calls go to the one that serves"))
    }
  }

  func callCancelled(_ call: IncomingCall) { coordinator.callCancelled(call) }

  func loadReport() -> LoadReport? { nil }

  /// Does what is asked for, whether or not the operator stays to hear of it.
  private func answer(_ call: IncomingCall, _ request: AdminRequest) async {
    let logger = logger
    logger.info("an operator asks", metadata: ["command": "\(request)"])
    let report: Operator.Report = { line in
      logger.info("\(line)")
      call.respond(
        ResponseHead(), body: ByteBuffer(bytes: AdminResponse(lines: [line]).encoded()),
        isLast: false)
    }
    do {
      switch request {
      case .swap(let model, let directory):
        try await operate.swap(model: model, directory: directory, report: report)
      case .drain(let address): try await operate.drain(address: address, report: report)
      case .reload: try await operate.reload(report: report)
      }
      call.respond(ResponseHead())
    } catch let error as CoordinationError {
      logger.error("not done", metadata: ["command": "\(request)", "reason": "\(error.message)"])
      call.refuse(Status(.failedPrecondition, error.message))
    } catch {
      call.refuse(Status(.internal, "\(error)"))
    }
  }
}
