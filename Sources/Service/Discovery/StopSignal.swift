internal import CResolver
internal import Glibc

/// Set once, and seen by a thread that waits on descriptors.
final class StopSignal: Sendable {
  /// Readable once it is set. Negative if there were no more descriptors: then a thread waits for as
  /// long as its bound says.
  let descriptor = cr_stop_open()

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func set() {
    if descriptor >= 0 { cr_stop_set(descriptor) }
  }
}
