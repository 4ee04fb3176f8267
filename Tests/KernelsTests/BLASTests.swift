import Kernels
import Testing

@Suite("OpenBLAS")
struct BLASTests {
  @Test("an AVX-512 processor gets one core whatever its maker, others OpenBLAS's own choice")
  func preferredCore() {
    let plain = ProcessorFeatures(avx2: true, avx512: false, avx512bf16: false, avx512vnni: false)
    #expect(BLAS.preferredCore(for: plain) == nil)
    let wide = ProcessorFeatures(avx2: true, avx512: true, avx512bf16: true, avx512vnni: true)
    #expect(BLAS.preferredCore(for: wide) == "SkylakeX")
  }

  @Test("the core's name and the build are readable")
  func names() {
    #expect(!BLAS.coreName.isEmpty && BLAS.coreName != "unknown")
    #expect(BLAS.configuration.contains("OpenBLAS"))
  }
}
