import CommandSupport
import Testing

@Suite("Commands for the worker program")
struct WorkerCommandTests {
  private func passedOn(_ arguments: [String]) -> (program: String?, arguments: [String])? {
    WorkerCommand.call(arguments.map { Array($0.utf8) }).map { call in
      (call.program, call.arguments.map { String(decoding: $0, as: UTF8.self) })
    }
  }

  @Test(
    "inspect and bench are passed on with all their arguments", arguments: ["inspect", "bench"])
  func allArguments(command: String) throws {
    let call = try #require(passedOn([command, "--model", "x", "--json", "--future", "-3"]))
    #expect(call.program == nil)
    #expect(call.arguments == [command, "--model", "x", "--json", "--future", "-3"])
  }

  @Test(
    "--worker-binary is taken out",
    arguments: [
      ["inspect", "--worker-binary", "/w", "--model", "x"],
      ["inspect", "--worker-binary=/w", "--model", "x"],
      ["inspect", "--model", "x", "--worker-binary", "/w"],
    ])
  func workerBinary(arguments: [String]) throws {
    let call = try #require(passedOn(arguments))
    #expect(call.program == "/w")
    #expect(call.arguments == ["inspect", "--model", "x"])
  }

  @Test("nothing is taken out after --")
  func terminator() throws {
    let call = try #require(passedOn(["bench", "--", "--worker-binary", "/w"]))
    #expect(call.program == nil)
    #expect(call.arguments == ["bench", "--", "--worker-binary", "/w"])
  }

  @Test("other commands, and inspect's help, stay here")
  func notPassedOn() {
    #expect(passedOn(["embed", "inspect"]) == nil)
    #expect(passedOn([]) == nil)
    #expect(passedOn(["inspect", "--help"]) == nil)
    #expect(passedOn(["bench", "--help"])?.arguments == ["bench", "--help"])
  }

  @Test("a program that is not there cannot start, and is named")
  func missing() {
    let error = #expect(throws: CommandFailure.self) {
      try WorkerProgram.path("/nowhere/millpond-worker")
    }
    #expect(error?.status == .notStarted)
    #expect(
      error?.message == "cannot run /nowhere/millpond-worker: No such file or directory "
        + "(--worker-binary names another)")
  }
}
