internal import ArgumentParser
internal import Benchmarks
internal import Glibc

/// The machine's peaks, and each kernel as a share of them.
struct BenchKernels: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "What the processor can do at most, and how near each kernel comes to it.",
    discussion: """
      Peaks are of the instruction that a precision's products are made of, on registers alone. \
      Products have MiniLM's shapes and 256 rows, on one thread, and count what prepares rows and \
      what follows the product. Operations on rows are compared with one load and one store an \
      element.
      """)

  @Option(
    help: ArgumentHelp("Instruction set. Default: MILLPOND_ISA, else the best.", valueName: "ISA"))
  var isa: String?

  @Option(help: ArgumentHelp("The least time of a measurement.", valueName: "S"))
  var seconds = 0.2

  @Flag(help: "One JSON object in place of a table.")
  var json = false

  func validate() throws {
    guard seconds.isFinite, (0.01...60).contains(seconds) else {
      throw ValidationError("--seconds \(seconds): it must be 0.01…60")
    }
  }

  func run() async throws {
    try await BenchOutput.reporting {
      let report = try await KernelBenchmark(
        instructionSet: isa ?? getenv("MILLPOND_ISA").map { String(cString: $0) }, seconds: seconds
      ).run()
      BenchOutput.write(
        report.json, report.text, asJSON: json, isUndisturbed: report.isUndisturbed)
    }
  }
}
