internal import ArgumentParser
internal import Inference

/// Shows how a model directory is understood, without serving it.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how a model directory is understood, and by which rule.")

  @OptionGroup var model: ModelOptions

  @Flag(help: "One JSON object in place of text.")
  var json = false

  func run() throws {
    let inspection = try Engine.inspect(try model.engineConfiguration())
    print(json ? inspection.json : inspection.text, terminator: "")
  }
}
