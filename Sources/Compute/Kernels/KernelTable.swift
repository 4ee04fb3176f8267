internal import CKernels

/// The row kernels of one instruction set, chosen once at start and handed to every operation.
///
/// All tables give the same bits (see CKernels.h) except where bf16 is computed in, so else the choice changes speed
/// only. A value is one pointer; copies are free, and any thread may use them at once.
package struct KernelTable: Sendable {
  /// The instruction set of these kernels.
  package let instructionSet: InstructionSet
  // Points to a constant table of functions without state.
  nonisolated(unsafe) let functions: UnsafePointer<ck_table>

  /// The table of an instruction set. Throws `.unsupportedInstructionSet`.
  package init(_ instructionSet: InstructionSet) throws(KernelsError) {
    guard let functions = ck_table_for(instructionSet.code) else {
      throw KernelsError(
        .unsupportedInstructionSet,
        "the kernels for \(instructionSet.rawValue) cannot run on this processor")
    }
    self.instructionSet = instructionSet
    self.functions = functions
  }

  /// Names what decides the bits of results beside the precision: instruction sets of one name
  /// give the same.
  package func family(of precision: Precision) -> String {
    precision != .f32 && instructionSet == .avx512bf16 ? "dpbf16" : "fma"
  }

  /// The table for `MILLPOND_ISA`; see `InstructionSet.choose(named:)`.
  package init(named name: String?) throws(KernelsError) {
    try self.init(InstructionSet.choose(named: name))
  }
}
