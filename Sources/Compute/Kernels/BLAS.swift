internal import COpenBLAS

/// OpenBLAS: the portable path of matrix products, and the reference for faster ones.
package enum BLAS {
  private static let isPrepared: Bool = {
    openblas_set_num_threads(1)
    return true
  }()

  /// Tells OpenBLAS to stay on the calling thread: the engine has threads of its own. Whoever
  /// makes an operation that multiplies calls this; only the first call has an effect.
  package static func prepare() {
    precondition(isPrepared)
  }

  /// The kernels that OpenBLAS has chosen for this process: `SkylakeX`, `Haswell`, …
  ///
  /// Part of the fingerprint's numerics, since different cores round differently.
  package static var coreName: String {
    guard let name = openblas_get_corename() else { return "unknown" }
    return String(cString: name)
  }

  /// OpenBLAS's version and build options in one line.
  package static var configuration: String {
    guard let text = openblas_get_config() else { return "unknown" }
    return String(cString: text)
  }

  /// The value of `OPENBLAS_CORETYPE` to run a worker with, or nil to leave the choice to
  /// OpenBLAS. It is read by a load-time constructor, so a process must be started with it.
  ///
  /// One core for every AVX-512 processor, though OpenBLAS would pick Cooperlake or another on
  /// some: measured equally fast (within 2 %), but its results have other bits, and one choice
  /// gives a cluster of mixed processors one fingerprint.
  package static func preferredCore(for features: ProcessorFeatures) -> String? {
    features.avx512 ? "SkylakeX" : nil
  }

  /// Whether rows of a product have the same bits whatever other rows are computed with them:
  /// so with the AVX-512 cores, given `rowsMin`. The kernels of the others compute a row in one
  /// of two orders, depending on its place; their rows agree within about 1e-6.
  package static var rowsAreIndependent: Bool {
    ["SkylakeX", "Cooperlake", "SapphireRapids"].contains(coreName)
  }

  /// The least number of rows that a product with `columns` output columns may be computed with
  /// for the rows to be independent: smaller ones must be filled up.
  ///
  /// OpenBLAS 0.3.21's AVX-512 cores take another kernel, with another order of summation, for a
  /// product with a transposed second factor of at most 1,200 elements
  /// (`sgemm_small_kernel_permit_skylakex.c`; the tests find the same bound by trying). 16 keeps
  /// clear of forwarding to matrix × vector, which later versions do.
  static func rowsMin(columns: Int) -> Int {
    max(16, 1_200 / columns + 1)
  }

  /// out[r, c] = Σ x[r, i] · weights[c, i], or that added to what `out` holds.
  ///
  /// `weights` is [columns, inner] without gaps. Blocks on this thread; does not allocate
  /// beyond OpenBLAS's own buffer for each thread.
  static func multiply(
    _ x: UnsafePointer<Float>, stride xStride: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, stride outStride: Int, rows: Int, columns: Int,
    inner: Int, adding: Bool
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(columns), blasint(inner), 1,
      x, blasint(xStride), weights, blasint(inner), adding ? 1 : 0, out, blasint(outStride))
  }
}
