internal import CKernels

/// The instruction sets that kernels are written for, in ascending order of preference.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// Portable code; the reference, and slow.
  case scalar
  /// AVX2 with FMA and F16C.
  case avx2
  /// AVX-512 F, BW, DQ and VL.
  case avx512
  /// AVX-512 VNNI as well: products of 8-bit quads.
  case avx512vnni = "avx512_vnni"
  /// AVX-512 VNNI and BF16 as well: products of bf16 pairs.
  case avx512bf16 = "avx512_bf16"

  /// Whether this machine can run it.
  package var isAvailable: Bool { ck_table_for(code) != nil }

  /// Those this machine can run, in ascending order; `.scalar` is always there.
  package static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

  var code: ck_isa {
    switch self {
    case .scalar: CK_ISA_SCALAR
    case .avx2: CK_ISA_AVX2
    case .avx512: CK_ISA_AVX512
    case .avx512vnni: CK_ISA_AVX512_VNNI
    case .avx512bf16: CK_ISA_AVX512_BF16
    }
  }

  /// The instruction set to use: the one named, else the best that this machine has.
  ///
  /// `name` is the value of `MILLPOND_ISA` (read by the caller): `scalar`, `avx2`, `avx512`,
  /// `avx512_vnni` or `avx512_bf16`; nil leaves the choice to the machine. Throws
  /// `.unknownInstructionSet` for another name and `.unsupportedInstructionSet` where the processor
  /// lacks it: never a silent fall-back.
  package static func choose(named name: String?) throws(KernelsError) -> InstructionSet {
    guard let name else { return available.last ?? .scalar }
    guard let choice = InstructionSet(rawValue: name) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      throw KernelsError(
        .unknownInstructionSet, "MILLPOND_ISA is \"\(name)\"; it must be one of \(names)")
    }
    guard choice.isAvailable else {
      let names = available.map(\.rawValue).joined(separator: ", ")
      throw KernelsError(
        .unsupportedInstructionSet,
        "MILLPOND_ISA asks for \(name), which this processor lacks; it has \(names)")
    }
    return choice
  }
}

/// What the processor and the operating system offer to kernels, beyond the baseline.
package struct ProcessorFeatures: Sendable, Equatable {
  /// AVX2, FMA and F16C.
  package var avx2: Bool
  /// AVX-512 F, BW, DQ and VL.
  package var avx512: Bool
  /// Products of bf16 pairs in 512 bits.
  package var avx512bf16: Bool
  /// Products of 8-bit quads in 512 bits.
  package var avx512vnni: Bool

  package init(avx2: Bool, avx512: Bool, avx512bf16: Bool, avx512vnni: Bool) {
    self.avx2 = avx2
    self.avx512 = avx512
    self.avx512bf16 = avx512bf16
    self.avx512vnni = avx512vnni
  }

  /// The features of this machine.
  package static var current: ProcessorFeatures {
    let bits = Int(ck_features())
    return ProcessorFeatures(
      avx2: bits & CK_FEATURE_AVX2 != 0, avx512: bits & CK_FEATURE_AVX512 != 0,
      avx512bf16: bits & CK_FEATURE_AVX512_BF16 != 0,
      avx512vnni: bits & CK_FEATURE_AVX512_VNNI != 0)
  }
}
