import NIOCore
import Status
import Testing

/// One connection without sockets, by a clock of our own.
@Suite("Status connection")
struct StatusConnectionTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  private static let notHere = "not here; here are /live /ready /metrics\n"

  private func connection() -> StatusConnection {
    StatusConnection(limits: .defaults, now: Self.start)
  }

  private func at(_ seconds: Double) -> NIODeadline {
    Self.start + .nanoseconds(Int64(seconds * 1e9))
  }

  private func response(_ action: StatusConnection.Action) -> StatusResponse? {
    if case .respond(let response) = action { response } else { nil }
  }

  @Test(
    "each route is a question",
    arguments: [
      ("/live", StatusQuestion.live), ("/ready", .ready), ("/metrics", .metrics),
      ("/metrics?name=x", .metrics),
    ])
  func routes(target: String, question: StatusQuestion) {
    for method in [StatusRequest.Method.get, .head] {
      var connection = connection()
      #expect(
        connection.requestReceived(StatusRequest(method, target), now: at(0))
          == .ask(question, number: 1))
      let answer = connection.answered(
        1, StatusAnswer(isGood: true, "yes", contentType: "text/x"), now: at(0.5))
      #expect(
        answer
          == .respond(
            StatusResponse(
              200, "yes\n", contentType: "text/x", omitsBody: method == .head, closes: false)))
      #expect(connection.written(now: at(0.5)) == .none)
      #expect(connection.idleSince == at(0.5))
    }
  }

  @Test(
    "what is no question is answered at once",
    arguments: [
      (StatusRequest(.get, "/"), 200, "/live /ready /metrics\n", false),
      (StatusRequest(.get, "/favicon.ico"), 404, Self.notHere, false),
      (StatusRequest(.other, "/nowhere"), 404, Self.notHere, false),
      (StatusRequest(.other, "/live"), 405, "only GET and HEAD\n", false),
      (StatusRequest(.other, "/"), 405, "only GET and HEAD\n", false),
      (StatusRequest(.get, "/live", hasBody: true), 413, "a request has no body here\n", true),
      (StatusRequest(.get, "/", keepsAlive: false), 200, "/live /ready /metrics\n", true),
    ] as [(StatusRequest, UInt, String, Bool)])
  func answers(request: StatusRequest, code: UInt, text: String, closes: Bool) {
    var connection = connection()
    let action = connection.requestReceived(request, now: at(0))
    #expect(action == .respond(StatusResponse(code, text, closes: closes)))
    #expect(connection.written(now: at(0)) == (closes ? .close : .none))
  }

  @Test("a no is 503 with its reason")
  func notReady() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/ready"), now: at(0))
    let action = connection.answered(1, StatusAnswer(isGood: false, "warming up"), now: at(0))
    #expect(action == .respond(StatusResponse(503, "warming up\n", closes: false)))
  }

  @Test("an answer that does not come within a second is 503, and what comes later is ignored")
  func late() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/live"), now: at(0))
    #expect(connection.deadline == at(1))
    #expect(connection.timePassed(now: at(0.9)) == .none)
    #expect(
      connection.timePassed(now: at(1))
        == .respond(
          StatusResponse(503, "the event loop has not answered in 1 s\n", closes: false)))
    let late = StatusAnswer(isGood: true, "live")
    #expect(connection.answered(1, late, now: at(1.1)) == .none)
    #expect(connection.written(now: at(1.2)) == .none)
    #expect(
      connection.requestReceived(StatusRequest(.get, "/live"), now: at(2))
        == .ask(.live, number: 2))
    #expect(connection.answered(1, late, now: at(2.1)) == .none)
    #expect(response(connection.answered(2, late, now: at(2.2)))?.code == 200)
  }

  @Test("a request has five seconds, whatever it sends")
  func slowRequest() {
    var connection = connection()
    #expect(connection.deadline == at(5))
    #expect(connection.bytesReceived(10, now: at(4)) == .none)
    #expect(connection.deadline == at(5))
    #expect(connection.timePassed(now: at(5)) == .close)
    #expect(connection.deadline == nil)
    #expect(connection.isDeaf)
  }

  @Test("a connection may be idle for 30 s; the next request has five from its first byte")
  func idle() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/"), now: at(0))
    _ = connection.written(now: at(1))
    #expect(connection.deadline == at(31))
    _ = connection.bytesReceived(1, now: at(30))
    #expect(connection.idleSince == nil)
    #expect(connection.deadline == at(35))
    _ = connection.requestReceived(StatusRequest(.get, "/"), now: at(34))
    _ = connection.written(now: at(34))
    #expect(connection.timePassed(now: at(64)) == .close)
  }

  @Test("an answer that is not taken in five seconds ends the connection")
  func unread() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/"), now: at(0))
    #expect(connection.deadline == at(5))
    #expect(connection.timePassed(now: at(5)) == .close)
  }

  @Test("a header over 8 KiB is refused before it is whole")
  func longHeader() {
    var connection = connection()
    #expect(connection.bytesReceived(8 << 10, now: at(0)) == .none)
    #expect(!connection.isDeaf)
    let action = connection.bytesReceived(1, now: at(0))
    #expect(response(action)?.code == 431)
    #expect(connection.isDeaf)
    #expect(connection.written(now: at(0)) == .close)
  }

  @Test("what is no HTTP is 400, and the end")
  func malformed() {
    var connection = connection()
    #expect(response(connection.malformed(now: at(0)))?.code == 400)
    #expect(connection.malformed(now: at(0)) == .none)
    #expect(connection.requestReceived(StatusRequest(.get, "/"), now: at(0)) == .none)
    #expect(connection.written(now: at(0)) == .close)
    #expect(connection.malformed(now: at(0)) == .none)
  }

  @Test("a request before the answer to the one before is not answered")
  func pipelined() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/live"), now: at(0))
    #expect(connection.requestReceived(StatusRequest(.get, "/live"), now: at(0)) == .none)
    #expect(connection.isDeaf)
    let action = connection.answered(1, StatusAnswer(isGood: true, "live"), now: at(0))
    #expect(action == .respond(StatusResponse(200, "live\n", closes: true)))
    #expect(connection.written(now: at(0)) == .close)
  }

  @Test("nothing follows the end")
  func closed() {
    var connection = connection()
    _ = connection.requestReceived(StatusRequest(.get, "/live"), now: at(0))
    connection.closed()
    #expect(connection.deadline == nil)
    #expect(connection.answered(1, StatusAnswer(isGood: true, ""), now: at(0)) == .none)
    #expect(connection.bytesReceived(1 << 20, now: at(0)) == .none)
    #expect(connection.written(now: at(0)) == .none)
  }
}
