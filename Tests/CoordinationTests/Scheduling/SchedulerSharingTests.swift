import Coordination
import Testing
import Wire

@Suite("Equal work of several callers")
struct SchedulerSharingTests {
  private typealias Bench = SchedulerBench

  private func request(
    priority: Priority = .interactive, deadline: Int64 = .max
  ) -> CallRequest {
    CallRequest(
      priority: priority, deadline: deadline, inputCount: 1, byteCount: 100,
      cost: 5 * Bench.millisecond)
  }

  private func follow(_ bench: Bench, _ leader: Scheduler.CallID) -> Scheduler.CallID {
    bench.scheduler.submit(request(), following: leader, now: bench.now)
  }

  @Test("is computed once, and answered to all")
  func followers() throws {
    let bench = Bench(["f", "f"])
    let leader = try #require(bench.submit(request()))
    let sent = try #require(bench.sent().first)
    let followers = (0..<3).map { _ in follow(bench, leader) }
    #expect(bench.sent().isEmpty)
    bench.answer(sent)
    #expect(bench.takeOthers() == [.finished(leader, followers: followers)])
    #expect(bench.scheduler.openCallCount == 0)
  }

  @Test("outlives the caller who asked first")
  func cancelled() throws {
    let bench = Bench(["f"])
    let leader = try #require(bench.submit(request()))
    let sent = try #require(bench.sent().first)
    let follower = follow(bench, leader)
    bench.cancel(leader)
    #expect(bench.takeOthers() == [])
    #expect(bench.scheduler.canFollow(leader, deadline: .max))
    bench.answer(sent)
    #expect(bench.takeOthers() == [.finished(leader, followers: [follower])])
  }

  @Test("ends when the last caller has gone, and the worker is told")
  func allCancelled() throws {
    let bench = Bench(["f"])
    let leader = try #require(bench.submit(request()))
    let sent = try #require(bench.sent().first)
    let follower = follow(bench, leader)
    bench.cancel(leader)
    bench.cancel(follower)
    #expect(
      bench.takeOthers()
        == [.dropped(follower), .cancel(sent.piece, sent.worker), .dropped(leader)])
  }

  @Test("is not shared with who waits longer than its worker was told")
  func deadlines() throws {
    let bench = Bench(["f", "f"])
    let end = bench.now + 100 * Bench.millisecond
    let leader = try #require(bench.submit(request(deadline: end)))
    let sent = try #require(bench.sent().first)
    #expect(bench.scheduler.piece(sent.piece)?.deadline == end + 20 * Bench.millisecond)
    #expect(bench.scheduler.canFollow(leader, deadline: end + 20 * Bench.millisecond))
    #expect(!bench.scheduler.canFollow(leader, deadline: end + 21 * Bench.millisecond))
  }

  @Test("hurries for an interactive caller who joins a bulk one")
  func priority() throws {
    let bench = Bench(["f"])
    let first = (0..<12).compactMap { _ in bench.submitWhole(priority: .bulk) }
    let leader = try #require(bench.submit(request(priority: .bulk)))
    #expect(bench.scheduler.call(leader)?.priority == .bulk)
    _ = follow(bench, leader)
    #expect(bench.scheduler.call(leader)?.priority == .interactive)
    let sent = try #require(bench.sent().first)
    bench.answer(sent)
    #expect(bench.sent().first?.call == leader)
    _ = first
  }

  @Test("may be single inputs of calls")
  func units() throws {
    let bench = Bench(["f", "f"])
    let one = try #require(bench.submitCut([5, 6, 7]))
    let sent = bench.sent()
    var known = KnownUnits()
    known.equals = [(0, .other(UnitReference(call: one, unit: 2))), (2, .own(1))]
    let other = try #require(bench.submitCut([7, 4, 4], known: known))
    var second = bench.sent()
    #expect(second.map(\.units) == [[1]])
    let last = try #require(sent.first { $0.units == [2] })
    let answered = try #require(bench.answer(last))
    #expect(answered.followers.map(\.unit) == [UnitReference(call: other, unit: 0)])
    let own = try #require(bench.answer(second.removeFirst()))
    #expect(own.followers.map(\.unit) == [UnitReference(call: other, unit: 2)])
    #expect(bench.takeOthers() == [.finished(other, followers: [])])
  }

  @Test("goes on for who waits for an input when its own caller has gone, and is then given back")
  func unitOutlives() throws {
    let bench = Bench(["f"])
    let one = try #require(bench.submitCut([5, 6]))
    let sent = bench.sent()
    var known = KnownUnits()
    known.equals = [(0, .other(UnitReference(call: one, unit: 1)))]
    let other = try #require(bench.submitCut([6], known: known))
    bench.cancel(one)
    let unwanted = try #require(sent.first { $0.units == [0] })
    #expect(bench.takeOthers() == [.cancel(unwanted.piece, unwanted.worker)])
    let wanted = try #require(sent.first { $0.units == [1] })
    bench.answer(wanted)
    #expect(bench.takeOthers() == [.finished(other, followers: []), .dropped(one)])
    #expect(bench.scheduler.openCallCount == 0)
  }

  @Test("is computed for itself where the call that was followed fails")
  func leaderFails() throws {
    let bench = Bench(["f"])
    let one = try #require(bench.submitCut([5, 6]))
    let sent = bench.sent()
    var known = KnownUnits()
    known.equals = [(0, .other(UnitReference(call: one, unit: 1)))]
    let other = try #require(bench.submitCut([6], known: known))
    let status = Status(.invalidArgument, "no")
    let rejected = try #require(sent.first { $0.units == [0] })
    bench.scheduler.pieceRejected(
      rejected.piece, by: rejected.worker, status, now: bench.now)
    #expect(bench.takeOthers().first == .failed(one, status))
    let again = try #require(bench.sent().first)
    #expect(again.call == other && again.units == [0])
  }

  @Test("that was answered before is not computed")
  func answered() throws {
    let bench = Bench(["f", "g"])
    var known = KnownUnits()
    known.answered = [0, 2]
    known.fingerprint = "g"
    let call = try #require(bench.submitCut([5, 5, 5], known: known))
    let sent = bench.sent()
    #expect(sent.map(\.units) == [[1]] && sent.map(\.worker) == [1])
    bench.answer(sent[0])
    #expect(bench.takeOthers() == [.finished(call, followers: [])])
  }
}
