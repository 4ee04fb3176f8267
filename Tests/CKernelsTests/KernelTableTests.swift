import CKernels
import Testing

@Suite("Kernel tables")
struct KernelTableTests {
  @Test("every kernel of the list has a case, and every case a kernel")
  func listIsCovered() {
    #expect(Set(kernelNames) == Set(kernelCases.keys))
    #expect(kernelNames.count == kernelCases.count)
    #expect(ck_kernel_name(ck_kernel_count()) == nil)
  }

  @Test("every table gives the bits of the scalar table", arguments: kernelNames)
  func tablesAgree(kernel: String) throws {
    let scalar = try #require(ck_table_for(CK_ISA_SCALAR))
    let run = try #require(kernelCases[kernel])
    for length in lengths {
      let expected = run(scalar.pointee, length)
      for (name, table) in availableTables {
        let result = run(table.pointee, length)
        // Its instruction rounds in its own way: the name of the family says so.
        if kernel == "product_bf16", name == "avx512_bf16" {
          #expect(
            zip(result, expected).allSatisfy { abs($0 - $1) < 2e-4 * max(1, abs($1)) },
            "\(kernel) of \(name) at length \(length)")
          continue
        }
        #expect(
          differingBits(result, expected) == [], "\(kernel) of \(name) at length \(length)")
      }
    }
  }

  @Test("the tables on offer are those that the processor's features allow")
  func featuresDecide() {
    let features = Int(ck_features())
    #expect((ck_table_for(CK_ISA_AVX2) != nil) == (features & CK_FEATURE_AVX2 != 0))
    #expect((ck_table_for(CK_ISA_AVX512) != nil) == (features & CK_FEATURE_AVX512 != 0))
    #expect((ck_table_for(CK_ISA_AVX512_VNNI) != nil) == (features & CK_FEATURE_AVX512_VNNI != 0))
    #expect(
      (ck_table_for(CK_ISA_AVX512_BF16) != nil)
        == (features & CK_FEATURE_AVX512_BF16 != 0 && features & CK_FEATURE_AVX512_VNNI != 0))
    #expect(ck_table_for(CK_ISA_SCALAR) != nil)
  }
}

/// Indices at which bits differ, at most ten. NaNs count as equal to each other: which operand's
/// payload survives is the processor's choice.
func differingBits(_ a: [Float], _ b: [Float]) -> [Int] {
  guard a.count == b.count else { return [-1] }
  let differing = a.indices.filter {
    a[$0].bitPattern != b[$0].bitPattern && !(a[$0].isNaN && b[$0].isNaN)
  }
  return Array(differing.prefix(10))
}
