import Testing
import WorkerService

@Suite("A worker's health")
struct WorkerHealthTests {
  private func health(
    _ phase: WorkerHealth.Phase, still stillness: Duration? = nil
  ) -> WorkerHealth {
    WorkerHealth(modelName: "m", phase: phase, stillness: stillness)
  }

  @Test(
    "it is ready while it serves, and says why it is not",
    arguments: [
      (.loading, "model 'm' is loading"), (.warmingUp, "model 'm' is warming up"),
      (.serving, "ready"), (.draining, "model 'm' is draining: it takes no more calls"),
    ] as [(WorkerHealth.Phase, String)])
  func phases(phase: WorkerHealth.Phase, text: String) {
    #expect(health(phase).isReady == (phase == .serving))
    #expect(health(phase).isProgressing)
    #expect(health(phase).text == text)
  }

  @Test("a thread that has not moved for two seconds is stuck, and one before that is not")
  func stuck() {
    let busy = health(.serving, still: .milliseconds(1_999))
    #expect(busy.isReady)
    #expect(busy.isProgressing)
    let stuck = health(.serving, still: .milliseconds(2_600))
    #expect(!stuck.isReady)
    #expect(!stuck.isProgressing)
    #expect(
      stuck.text == "a compute thread of model 'm' is stuck: it has not moved for 2 s")
  }
}
