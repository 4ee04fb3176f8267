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
} ck_isa;

enum { CK_ISA_COUNT = 3 };

/// What the processor and the operating system offer, as bits of `ck_features`.
enum {
  CK_FEATURE_AVX2 = 1,         ///< Enough for CK_ISA_AVX2.
  CK_FEATURE_AVX512 = 2,       ///< Enough for CK_ISA_AVX512.
  CK_FEATURE_AVX512_BF16 = 4,  ///< bf16 dot products in 512 bits.
  CK_FEATURE_AVX512_VNNI = 8,  ///< 8-bit dot products in 512 bits.
};

/// The features of this machine.
uint32_t ck_features(void);

// MARK: Tables

/// One function for each line of kernels.inc.
///
/// - `add_bias`: x[r, c] += bias[c].
/// - `add_bias_gelu`: x = GELU(x + bias), exact form, x·Φ(x).
/// - `layer_norm`: each row of x becomes (x − mean) / √(variance + epsilon) · gamma + beta, in
///   two passes (mean, then variance about it; variance divides by `columns`).
/// - `add_bias_layer_norm`: `layer_norm` of x + bias.
/// - `softmax`: each row becomes softmax(scale · row); scale > 0.
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
