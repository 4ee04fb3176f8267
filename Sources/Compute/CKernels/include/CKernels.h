#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Row operations in f32, one table of functions for each instruction set, chosen once at start.
///
/// Conventions
/// - Counts and strides are in elements, never in bytes. A stride is the distance between the
///   starts of two rows and is at least the number of columns.
/// - A matrix is row-major. Pointers need the alignment of their element only. A count of zero
///   is allowed and touches nothing.
/// - Outputs may not overlap inputs unless the operation works in place (a single `x`).
/// - f16 and bf16 values are passed as uint16_t bit patterns.
/// - No kernel allocates, keeps state or reads the environment; all may run on any thread.
///
/// Numerics
/// - The work is defined on vectors of 16 virtual lanes whatever the processor's width is, with
///   explicit fused multiply-adds; a reduction keeps four such vectors and adds them in a fixed
///   tree. So every instruction set gives the same bits, a row's result depends on nothing but
///   the row, and an element's result does not depend on its place in a vector.
/// - No function of libm that rounds differently between versions is called: exp, erf and tanh
///   are the polynomials named in row_math.h.

// MARK: Instruction sets

/// Instruction sets in ascending order of preference.
typedef enum {
  CK_ISA_SCALAR = 0,  ///< Portable C, no requirement; slow without FMA hardware.
  CK_ISA_AVX2 = 1,    ///< AVX2, FMA and F16C.
  CK_ISA_AVX512 = 2,  ///< AVX-512 F, BW, DQ and VL, with the above.
  CK_ISA_AVX512_VNNI = 3,  ///< AVX-512 VNNI as well.
  CK_ISA_AVX512_BF16 = 4,  ///< AVX-512 VNNI and BF16 as well.
} ck_isa;

enum { CK_ISA_COUNT = 5 };

/// What the processor and the operating system offer, as bits of `ck_features`.
enum {
  CK_FEATURE_AVX2 = 1,         ///< Enough for CK_ISA_AVX2.
  CK_FEATURE_AVX512 = 2,       ///< Enough for CK_ISA_AVX512.
  CK_FEATURE_AVX512_BF16 = 4,  ///< bf16 dot products in 512 bits.
  CK_FEATURE_AVX512_VNNI = 8,  ///< 8-bit dot products in 512 bits.
};

/// The features of this machine.
uint32_t ck_features(void);

/// Tells the processor that this thread spins.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Lets another thread run on this processor.
void ck_yield(void);

// MARK: Products with packed weights

/// Columns of a whole panel of packed weights.
enum { CK_PANEL = 64 };

/// Weights of a product, packed: `columns` outputs of `inner` inputs each.
///
/// `panels`: ⌈columns / 64⌉ panels one behind the other, each made by a `pack_…` kernel. A panel is
/// 64 columns wide, the last as wide as its columns rounded up to 16; inner indices are rounded up
/// to 2 for bf16 and to 4 for int8; what fills up is zero.
typedef struct {
  const void *panels;
  const float *bias;     ///< [columns], or NULL.
  const float *scales;   ///< int8 only: of each column.
  const float *sums;     ///< int8 only: the sum of each column's codes.
  size_t columns;
  size_t inner;
  const void *next;      ///< The panel that this thread will likely read next, or NULL: a hint.
} ck_packed;

/// Rows of a product's first factor: f32, or what `f32_to_bf16` or `quantize` made of them.
typedef struct {
  const void *values;
  size_t stride;         ///< Elements, as many as the kind of product rounds `inner` up to.
  const float *scales;   ///< int8 only: of each row.
  const float *zeros;    ///< int8 only: the code that stands for zero in each row.
  size_t count;
} ck_rows;

/// What is done to the sums of a product, after its bias was added, before they are stored.
///
/// A gate multiplies the function of one sum with another: every panel has 32 columns that are gates
/// and then the 32 that they belong to, and the output half as many columns as the weights, of which
/// there are whole panels.
typedef enum {
  CK_EPILOGUE_NONE = 0,
  CK_EPILOGUE_ADD = 1,   ///< Adds what the output held.
  CK_EPILOGUE_GELU = 2,  ///< GELU in its exact form.
  CK_EPILOGUE_GELU_GATE = 3,
  CK_EPILOGUE_GELU_TANH_GATE = 4,
  CK_EPILOGUE_SILU_GATE = 5,
  /// `product_bf16` only, added to another but CK_EPILOGUE_ADD: the output is bf16, as rows of the
  /// next product.
  CK_EPILOGUE_TO_BF16 = 16,
} ck_epilogue;

// MARK: Tables

/// One function for each line of kernels.inc.
///
/// - `layer_norm`: each row of x becomes (x − mean) / √(variance + epsilon) · gamma + beta, in
///   two passes (mean, then variance about it; variance divides by `columns`).
/// - `softmax`: each row becomes softmax(scale · row); scale > 0.
/// - `exponentials`: each row becomes e^(scale · (x − greatest of the row)), and shares[r] one over
///   their sum: a soft-max, once rows are multiplied with their shares. `exponentials_bf16` gives
///   them as bf16, coarser by as much as that rounds, with the columns up to `out_stride` 0.
///   None is below 2^−126; scale · x must stay below 2e38.
/// - `scale_rows`: x[r] ·= factors[r].
/// - `tanh`, `sigmoid`: in place on `count` elements.
/// - `mean_rows`: out[c] = Σ over rows of x[r, c], in row order, divided by `rows` (≥ 1).
/// - `l2_normalize`: each row is divided by max(its Euclidean norm, 1e-12).
/// - `embed_*`: out[r] = (words[ids[r]] + type) + positions[r]; `words` [vocabulary, columns],
///   `positions` [rows, columns], `type` [columns]. Ids must have been checked.
/// - `f16_to_f32`, `bf16_to_f32`: exact conversions.
/// - `dot`: Σ x[i]·y[i].
/// - `dense`: out[r, o] = dot(x[r], weights[o]) + bias[o]; weights [out_columns, in_columns]
///   without gaps; `bias` may be NULL. Meant for few rows (heads).
/// - `transpose`: out[c, r] = x[r, c]; columns of out from `rows` up to the next multiple of 16
///   become 0, so `out_stride` is at least that.
/// - `matmul`: out[r, c] = Σ over i, in order, of x[r, i]·y[i, c]; y is [inner, columns]. For
///   products whose second factor fits the nearer caches, such as those of attention.
/// - `rms_norm`: each row of x becomes x / √(mean of x² + epsilon) · gamma.
/// - `rotate`: in each row, the pair (x[i], x[half + i]) is turned by the angle whose cosine and
///   sine are `cosines[i]` and `sines[i]`, the same for all rows; `x_stride` is at least 2 · half.
/// - `gelu` (exact), `gelu_tanh` (with tanh of a cubic), `silu` (x · sigmoid(x)), `relu`: in place.
/// - `multiply`: x ·= y. `add`, `add_f16`, `add_bf16`: x += y. `scale`: x ·= factor.
/// - `add_scaled`: x += y · factor.
/// - `scale_add`: x = x · factor + y.
/// - `gather_add`: x[i] += y[i · y_step + indices[i]]; the indices must have been checked.
/// - `soft_cap`: x = cap · tanh(x · scale / cap); cap > 0.
/// - `max_rows`: out[c] = the greatest of x[r, c] over rows, or NaN if one of them is; there is at
///   least one row.
/// - `pack_*`: makes a panel of `columns` ≤ 64 outputs of `x` [columns, inner]. bf16 holds pairs of
///   inner indices and int8 quads; int8 rounds x / scale, where scale is the greatest magnitude of
///   a column over 127, and gives the sum of the codes.
/// - `pack_rows_bf16`: as `pack_bf16`, of f32 whose rows are the inner indices: x [inner, columns].
/// - `f32_to_bf16`: out = x to the nearest, ties to even; the columns up to `out_stride` become 0.
///   Where the processor rounds to bf16 itself (CK_ISA_AVX512_BF16), subnormals become 0, as its
///   products take them.
/// - `quantize`: codes 0…255 such that x ≈ scales[r] · (code − zeros[r]), where the range of a row
///   is widened to have 0 in it; the columns up to `out_stride` become 0.
/// - `product_*`: with `out` f32, or bf16 where the epilogue says so, out[r, c] = epilogue(Σ over i, in order, of x[r, i] · y[c, i] + bias[c]). The name
///   says how x and y are stored; where it says it once, both are. f32 sums in fused
///   multiply-adds. bf16 sums pairs: on CK_ISA_AVX512_BF16 as its instruction rounds, elsewhere
///   in fused multiply-adds. int8 sums integers, exactly for inner ≤ 65,536; zero points and both
///   scales are put in, in f32.
/// - `peak_*`: the instruction of a product again and again, on registers alone; gives the number
///   of multiplications and additions, and something of the sums to `sink`.
typedef struct {
#define CK_KERNEL(name, result, parameters) result(*name) parameters;
#include "kernels.inc"
#undef CK_KERNEL
} ck_table;

/// The table of an instruction set, or NULL if this processor cannot run it.
const ck_table *ck_table_for(ck_isa isa);

/// Number of kernels in a table.
size_t ck_kernel_count(void);

/// Name of the `index`-th kernel, in the order of kernels.inc; NULL from the count on.
const char *ck_kernel_name(size_t index);

#endif
