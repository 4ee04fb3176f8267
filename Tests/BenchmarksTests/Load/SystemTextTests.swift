import Benchmarks
import Testing

@Suite("Texts of the system")
struct SystemTextTests {
  private let table = """
      sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
       0: 0100007F:1B9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1
       1: 0100007F:1B9E 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1
       2: 0100007F:1B9F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1

    """

  @Test("the inode of the listening socket on a port is found; connections on it are not")
  func listening() {
    #expect(ListeningProcess.inodes(listeningOn: 7_070, procNetTCP: table) == ["4711"])
    #expect(ListeningProcess.inodes(listeningOn: 80, procNetTCP: table).isEmpty)
    #expect(ListeningProcess.inodes(listeningOn: 7_070, procNetTCP: "").isEmpty)
  }

  @Test("memory is read in kibibytes")
  func memory() {
    let text = "Name:\tx\nVmHWM:\t    200 kB\nVmRSS:\t    100 kB\nRssAnon:\t      40 kB\n"
    let memory = ProcessMemory(procPidStatus: text)
    #expect(memory?.resident == 102_400)
    #expect(memory?.peak == 204_800)
    #expect(memory?.anonymous == 40_960)
    #expect(ProcessMemory(procPidStatus: "Name:\tx\nVmRSS:\t 100 kB\n") == nil)
  }

  @Test("the ready line is found when it is whole")
  func ready() {
    #expect(MeasuredProgram.address(inOutput: "ready 127.0.0.1:7071\n") == "127.0.0.1:7071")
    #expect(MeasuredProgram.address(inOutput: "hello\nready [::1]:1\n") == "[::1]:1")
    #expect(MeasuredProgram.address(inOutput: "ready 127.0.0.1:70") == nil)
  }

  @Test("the processor's name is read")
  func processor() {
    let text = "processor\t: 0\nmodel name\t: AMD EPYC 9B45\nflags\t: fpu\n"
    #expect(MachineInfo.processor(procCpuinfo: text) == "AMD EPYC 9B45")
    #expect(MachineInfo.processor(procCpuinfo: "processor: 0\n") == nil)
  }

  @Test("a HEAD file names a commit or a reference")
  func commit() {
    #expect(MachineInfo.hash(head: "0123abc\n") { _ in nil } == "0123abc")
    #expect(MachineInfo.hash(head: "ref: refs/heads/main\n") { "of " + $0 } == "of refs/heads/main")
  }
}
