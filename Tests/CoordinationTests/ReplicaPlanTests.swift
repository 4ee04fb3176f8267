import Coordination
import Testing

@Suite("Workers as suit the machine")
struct ReplicaPlanTests {
  private func plan(
    _ processors: Int, nodes: Int = 1, memory: UInt64 = 64 << 30, weights: UInt64 = 90 << 20,
    threads: Int? = nil
  ) -> ReplicaPlan {
    ReplicaPlan(
      processors: processors, threads: threads, weightBytes: weights,
      machine: MachineResources(
        processors: processors, quota: 0, memoryNodes: nodes, availableBytes: memory))
  }

  @Test("two or more processes share the processors, of at most eight threads each")
  func processes() {
    let shapes = [1, 2, 3, 4, 8, 16, 24, 64].map { plan($0) }.map { [$0.processes, $0.threads] }
    #expect(
      shapes == [[1, 1], [2, 1], [2, 1], [2, 2], [2, 4], [2, 8], [3, 8], [8, 8]])
  }

  @Test("each memory node has a process, as far as there are processors")
  func nodes() {
    #expect(plan(16, nodes: 4).processes == 4)
    #expect(plan(2, nodes: 4).processes == 2)
    #expect(plan(16, nodes: 4).reason.contains("4 memory nodes"))
  }

  @Test("memory bounds the processes, and the reason says so")
  func memory() {
    let small = plan(64, memory: 1 << 30, weights: 300 << 20)
    #expect(small.processes == 4)
    #expect(small.reason.contains("memory for 4"))
    #expect(plan(64, memory: 100 << 20, weights: 300 << 20).processes == 1)
    #expect(plan(64, memory: 0).processes == 8)
  }

  @Test("threads that the operator chose stay")
  func threads() {
    let given = plan(16, threads: 2)
    #expect([given.processes, given.threads] == [8, 2])
  }

  @Test("counts that are given share the processors among all workers, others among the models")
  func configuration() {
    func configuration(_ counts: [Int?]) -> CoordinatorConfiguration {
      CoordinatorConfiguration(
        listenHost: "", listenPort: 0,
        models: counts.enumerated().map {
          ModelSpecification(name: "\($0.offset)", directory: "/none", replicas: $0.element)
        }, workerSources: [], workerBinary: "")
    }
    let machine = MachineResources(processors: 8, quota: 0, memoryNodes: 1, availableBytes: 0)
    func shapes(_ counts: [Int?]) -> [[Int]] {
      let configuration = configuration(counts)
      return configuration.models.map { configuration.plan(of: $0, on: machine) }
        .map { [$0.processes, $0.threads] }
    }
    #expect(shapes([1, 3]) == [[1, 2], [3, 2]])
    #expect(shapes([nil, nil]) == [[2, 2], [2, 2]])
    #expect(shapes([4, nil]) == [[4, 1], [2, 2]])
  }
}
