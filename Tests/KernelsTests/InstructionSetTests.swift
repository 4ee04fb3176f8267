import Kernels
import Testing

@Suite("Choice of the instruction set")
struct InstructionSetTests {
  @Test("without a name the best available set is chosen")
  func bestIsChosen() throws {
    #expect(try InstructionSet.choose(named: nil) == InstructionSet.available.last)
    #expect(try KernelTable(named: nil).instructionSet == InstructionSet.available.last)
    #expect(InstructionSet.available.first == .scalar)
  }

  @Test("a name forces a set", arguments: InstructionSet.available)
  func nameForces(set: InstructionSet) throws {
    #expect(try KernelTable(named: set.rawValue).instructionSet == set)
  }

  @Test("an unknown name is refused with the list of names", arguments: ["sse", "", "AVX2"])
  func unknownName(name: String) {
    let error = #expect(throws: KernelsError.self) { try InstructionSet.choose(named: name) }
    #expect(error?.code == .unknownInstructionSet)
    #expect(
      error?.message == "MILLPOND_ISA is \"\(name)\"; it must be one of scalar, avx2, avx512, "
        + "avx512_vnni, avx512_bf16")
  }

  @Test("a set that the processor lacks is refused, not replaced")
  func missingSet() {
    for set in InstructionSet.allCases where !set.isAvailable {
      let error = #expect(throws: KernelsError.self) {
        try InstructionSet.choose(named: set.rawValue)
      }
      #expect(error?.code == .unsupportedInstructionSet)
      #expect(error?.message.contains("asks for \(set.rawValue)") == true)
      let direct = #expect(throws: KernelsError.self) { try KernelTable(set) }
      #expect(direct?.code == .unsupportedInstructionSet)
    }
  }

  @Test("available sets follow the features")
  func featuresDecide() {
    #expect(InstructionSet.avx2.isAvailable == ProcessorFeatures.current.avx2)
    #expect(InstructionSet.avx512.isAvailable == ProcessorFeatures.current.avx512)
  }
}
