internal import JSON

// The scheduler's figures, by simulation: tables as Markdown, or all numbers as JSON.
//
//   simulate [--json] [fan-out | overload | priorities | fairness | pickers | costs] …

let experiments: [(name: String, run: () -> [Figures])] = [
  ("fan-out", { [FanOut().run()] }),
  ("overload", { [Overload().run()] }),
  ("priorities", { [Priorities().run()] }),
  ("fairness", { [Fairness().run()] }),
  ("pickers", { Pickers().run() }),
  ("costs", { [Costs().run()] }),
]
let arguments = CommandLine.arguments.dropFirst()
let isJSON = arguments.contains("--json")
let asked = arguments.filter { $0 != "--json" }
var writer = JSONWriter()
writer.beginArray()
for experiment in experiments where asked.isEmpty || asked.contains(experiment.name) {
  for figures in experiment.run() {
    if isJSON { figures.write(to: &writer) } else { print(figures.markdown) }
  }
}
writer.endArray()
writer.endLine()
if isJSON { print(String(decoding: writer.bytes, as: UTF8.self), terminator: "") }
