internal import CPlatform

/// The clock of deadlines and timings: `CLOCK_MONOTONIC`, which NIO's `NIODeadline` counts in too.
package enum MonotonicClock {
  /// Nanoseconds since an arbitrary start, the same for all threads of the machine.
  package static func now() -> UInt64 {
    cp_monotonic_nanoseconds()
  }

  /// Nanoseconds of processor time that the calling thread has used.
  package static func threadTime() -> UInt64 {
    cp_thread_cpu_nanoseconds()
  }
}

extension UInt64 {
  /// `self - other`, or 0 when that would be negative.
  func minus(_ other: UInt64) -> UInt64 {
    self > other ? self - other : 0
  }
}

extension Duration {
  /// The duration in nanoseconds, held within 0…2⁶²: about 146 years.
  var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 4_000_000_000 else { return 1 << 62 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
