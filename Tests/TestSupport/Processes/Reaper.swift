internal import Glibc
internal import Synchronization

/// Kills what tests have started when they end, however they end.
///
/// A shell of ours reads the process ids of the running children; when its input ends, because this
/// process is gone, it kills those and removes the scratch folder. So nothing is left behind by a
/// test that fails, by one that traps, or by `kill -9` of the tests.
final class Reaper: Sendable {
  static let shared = Reaper()

  private static let script = """
    running=" "
    while read -r sign id; do
      case $sign in
        +) running="$running$id " ;;
        -) running="${running%% $id *} ${running#* $id }" ;;
      esac
    done
    [ "$running" = " " ] || kill -9 $running
    rm -rf -- "$0"
    """

  private let input = Mutex<OpenFile?>(nil)

  private init() {
    do {
      let pair = try OpenFile.streamPair()
      let null = try OpenFile.nullDevice()
      let arguments = ["-c", Self.script, ScratchFolder.shared.path]
      _ = try spawn(
        "/bin/sh", arguments.map { Array($0.utf8) }, environment: ["PATH=/usr/bin:/bin"],
        streams: [pair.theirs, null, null])
      input.withLock { $0 = pair.ours }
    } catch {
      // Without it children are still killed when their objects go.
      let message = Array("no reaper of test processes: \(error)\n".utf8)
      _ = write(STDERR_FILENO, message, message.count)
    }
  }

  func watch(_ processID: pid_t) {
    tell("+ \(processID)\n")
  }

  /// The process has been waited for: its number may be another's from now on.
  func forget(_ processID: pid_t) {
    tell("- \(processID)\n")
  }

  private func tell(_ line: String) {
    input.withLock { input in
      guard let input else { return }
      let bytes = Array(line.utf8)
      _ = send(input.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
}
