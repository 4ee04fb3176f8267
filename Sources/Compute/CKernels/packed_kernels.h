// Weights packed once, rows prepared for products with them, and those products.
//
// Every sum is one chain in the order of the inner dimension, so that neither the tile nor the
// place in it shows in the result.

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// Columns that the panel beginning with `columns_left` columns has room for.
static inline size_t panel_width(size_t columns_left) {
  return smaller(CK_PANEL, (columns_left + CK_LANES - 1) / CK_LANES * CK_LANES);
}

// MARK: Packing a panel

static void CK_NAME(pack_f32)(float *out, const float *x, size_t columns, size_t inner) {
  size_t width = panel_width(columns);
  memset(out, 0, width * inner * sizeof *out);
  for (size_t c = 0; c < columns; c += CK_LANES) {
    size_t count = smaller(CK_LANES, columns - c);
    size_t k = 0;
    if (count == CK_LANES) {
      for (; k + CK_LANES <= inner; k += CK_LANES) {
        transpose_block(out + k * width + c, width, x + c * inner + k, inner);
      }
    }
    for (; k < inner; k++) {
      for (size_t i = 0; i < count; i++) out[k * width + c + i] = x[(c + i) * inner + k];
    }
  }
}

static void CK_NAME(pack_f16)(uint16_t *out, const uint16_t *x, size_t columns, size_t inner) {
  size_t width = panel_width(columns);
  if (columns < width) memset(out, 0, width * inner * sizeof *out);
  // Blocks that the nearest cache holds.
  for (size_t k = 0; k < inner; k += 32) {
    size_t end = smaller(k + 32, inner);
    for (size_t c = 0; c < columns; c++) {
      for (size_t i = k; i < end; i++) out[i * width + c] = x[c * inner + i];
    }
  }
}

static void CK_NAME(pack_bf16)(uint16_t *out, const uint16_t *x, size_t columns, size_t inner) {
  size_t width = panel_width(columns);
  // Two of a column side by side are one element of a matrix that is transposed.
  if (inner % (2 * CK_LANES) == 0 && columns % CK_LANES == 0) {
    for (size_t c = 0; c < columns; c += CK_LANES) {
      for (size_t k = 0; k < inner; k += 2 * CK_LANES) {
        transpose_block(
            (float *)(void *)(out + k * width + 2 * c), width,
            (const float *)(const void *)(x + c * inner + k), inner / 2);
      }
    }
    return;
  }
  memset(out, 0, width * ((inner + 1) / 2 * 2) * sizeof *out);
  for (size_t c = 0; c < columns; c++) {
    for (size_t k = 0; k < inner; k++) {
      out[k / 2 * 2 * width + 2 * c + k % 2] = x[c * inner + k];
    }
  }
}

static void CK_NAME(pack_rows_bf16)(
    uint16_t *out, const float *x, size_t x_stride, size_t columns, size_t inner) {
  size_t width = panel_width(columns);
  for (size_t k = 0; k < inner; k += 2) {
    const float *first = x + k * x_stride;
    uint16_t *to = out + k * width;
    for (size_t c = 0; c < width; c += CK_LANES) {
      size_t count = columns > c ? smaller(CK_LANES, columns - c) : 0;
      vf a = count == CK_LANES ? vf_load(first + c) : vf_load_part(first + c, count);
      vf b = vf_set1(0);
      if (k + 1 < inner) {
        const float *second = first + x_stride;
        b = count == CK_LANES ? vf_load(second + c) : vf_load_part(second + c, count);
      }
      vp_store_pairs(to + 2 * c, a, b);
    }
  }
}

static void CK_NAME(pack_int8)(
    int8_t *out, float *scales, float *sums, const float *x, size_t columns, size_t inner) {
  size_t width = panel_width(columns);
  memset(out, 0, width * ((inner + 3) / 4 * 4));
  for (size_t c = 0; c < columns; c++) {
    const float *column = x + c * inner;
    float greatest = 0;
    for (size_t k = 0; k < inner; k++) {
      float size = column[k] < 0 ? -column[k] : column[k];
      if (size > greatest) greatest = size;
    }
    float scale = greatest / 127.0f;
    float inverse = greatest > 0 ? 127.0f / greatest : 0;
    int32_t sum = 0;
    for (size_t k = 0; k < inner; k++) {
      // To the nearest, ties to even: 1.5 · 2^23 leaves the integer in the low bits.
      float product = column[k] * inverse;
      int32_t value = (int32_t)((product + 0x1.8p23f) - 0x1.8p23f);
      out[k / 4 * 4 * width + 4 * c + k % 4] = (int8_t)value;
      sum += value;
    }
    scales[c] = scale;
    sums[c] = (float)sum;
  }
}

// MARK: Preparing rows

static void CK_NAME(f32_to_bf16)(
    uint16_t *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
    size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + r * x_stride;
    uint16_t *to = out + r * out_stride;
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) vf_store_bf16(to + c, vf_load(row + c));
    if (c < columns) {
      uint16_t rest[CK_LANES];
      vf_store_bf16(rest, vf_load_part(row + c, columns - c));
      memcpy(to + c, rest, (columns - c) * sizeof *to);
    }
    for (c = columns; c < out_stride; c++) to[c] = 0;
  }
}

/// The least element, and how far the greatest is above it. Zero is always in the range, so that it
/// is a code.
static inline void row_range(const float *x, size_t count, float *low, float *range) {
  vf zero = vf_set1(0.0f);
  vf least[4] = {zero, zero, zero, zero}, greatest[4] = {zero, zero, zero, zero};
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES) {
    for (int j = 0; j < 4; j++) {
      vf value = vf_load(x + i + CK_LANES * j);
      least[j] = vf_min(value, least[j]);
      greatest[j] = vf_max(value, greatest[j]);
    }
  }
  for (; i < count; i += CK_LANES) {
    vf value = count - i >= CK_LANES ? vf_load(x + i) : vf_load_part(x + i, count - i);
    least[0] = vf_min(value, least[0]);
    greatest[0] = vf_max(value, greatest[0]);
  }
  vf lowest = vf_min(vf_min(least[0], least[1]), vf_min(least[2], least[3]));
  vf highest = vf_max(vf_max(greatest[0], greatest[1]), vf_max(greatest[2], greatest[3]));
  *low = -vf_greatest(vf_sub(zero, lowest));
  *range = vf_greatest(highest) - *low;
}

static void CK_NAME(quantize)(
    uint8_t *out, size_t out_stride, float *scales, float *zeros, const float *x,
    size_t x_stride, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + r * x_stride;
    uint8_t *to = out + r * out_stride;
    float low, range;
    row_range(row, columns, &low, &range);
    // A range that has no reciprocal is no range; one that overflows gives codes of no meaning,
    // and a scale that makes the row infinite.
    float inverse = range > 1e-30f ? 255.0f / range : 0;
    scales[r] = range / 255.0f;
    float zero = (-low * inverse + 0x1.8p23f) - 0x1.8p23f;
    zeros[r] = zero;
    // 128 less, so that codes beyond their range saturate as signed bytes.
    vf factor = vf_set1(inverse), offset = vf_set1(zero + (0x1.8p23f - 128.0f));
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf_store_codes(to + c, vf_fma(vf_load(row + c), factor, offset));
    }
    if (c < columns) {
      uint8_t rest[CK_LANES];
      vf_store_codes(rest, vf_fma(vf_load_part(row + c, columns - c), factor, offset));
      memcpy(to + c, rest, columns - c);
    }
    for (c = columns; c < out_stride; c++) to[c] = 0;
  }
}

// MARK: Sums of one tile

// Gates are computed with what they are for: by tiles as any, or in narrow tables by lower ones.
#if CK_PACKED_WIDTH == 4
#define CK_GATED_HEIGHTS CK_PACKED_HEIGHTS
#define CK_GATED_SUMS (CK_PACKED_HEIGHT * CK_PACKED_WIDTH)
#else
#define CK_GATED_HEIGHTS(each, width) each(1, width) each(2, width) each(3, width)
#define CK_GATED_SUMS (3 * 2)
#endif

/// What a tile brings into the second-level cache for those behind it, some lines at each step.
typedef struct {
  const char *next;  ///< NULL for nothing.
  size_t step;       ///< Bytes for each step; a line is 64.
} ahead;

__attribute__((always_inline)) static inline void fetch_ahead(ahead *a) {
  __builtin_prefetch(a->next, 0, 2);
  for (size_t line = 64; line < a->step; line += 64) __builtin_prefetch(a->next + line, 0, 2);
  a->next += a->step;
}

/// The next panel, or in its absence the first line of this one, a share with each of `tiles`.
static inline ahead fetch_share(
    const void *panel, const void *next, size_t bytes_a_step, size_t tiles) {
  if (next == NULL || tiles == 0) return (ahead){panel, 0};
  return (ahead){next, (bytes_a_step + tiles - 1) / tiles};
}

// Each fills `sum` for `height` rows by `width` vectors, every `spread`-th of a panel, which are
// constants where it is called; `stride` is the width of the panel.
#define CK_TILE(name, acc, x_type, w_type)                                                      \
  __attribute__((always_inline)) static inline void name(                                       \
      acc *sum, const x_type *x, size_t x_stride, const w_type *panel, size_t stride,           \
      size_t inner, ahead fetched, const int height, const int width, const int spread)

#define CK_UNROLL(index, count) \
  _Pragma("clang loop unroll(full)") for (int index = 0; index < (count); index++)

CK_TILE(product_f32_sum, vf, float, float) {
  for (size_t k = 0; k < inner; k++) {
    vf row[4];
    fetch_ahead(&fetched);
    CK_UNROLL(w, width) row[w] = vf_load(panel + k * stride + (size_t)(w * spread) * CK_LANES);
    CK_UNROLL(h, height) {
      vf factor = vf_set1(x[(size_t)h * x_stride + k]);
      CK_UNROLL(w, width) sum[h * width + w] = vf_fma(factor, row[w], sum[h * width + w]);
    }
  }
}

CK_TILE(product_f32_f16_sum, vf, float, uint16_t) {
  for (size_t k = 0; k < inner; k++) {
    vf row[4];
    fetch_ahead(&fetched);
    CK_UNROLL(w, width) row[w] = vf_load_f16(panel + k * stride + (size_t)(w * spread) * CK_LANES);
    CK_UNROLL(h, height) {
      vf factor = vf_set1(x[(size_t)h * x_stride + k]);
      CK_UNROLL(w, width) sum[h * width + w] = vf_fma(factor, row[w], sum[h * width + w]);
    }
  }
}

CK_TILE(product_f32_bf16_sum, vf, float, uint16_t) {
  size_t k = 0;
  for (; k + 2 <= inner; k += 2) {
    fetch_ahead(&fetched);
    CK_UNROLL(part, 2) {
      vf row[4];
      CK_UNROLL(w, width) {
        row[w] = vf_load_bf16_pairs(panel + k * stride + 2 * (size_t)(w * spread) * CK_LANES, part);
      }
      CK_UNROLL(h, height) {
        vf factor = vf_set1(x[(size_t)h * x_stride + k + (size_t)part]);
        CK_UNROLL(w, width) sum[h * width + w] = vf_fma(factor, row[w], sum[h * width + w]);
      }
    }
  }
  if (k == inner) return;
  // Behind the last of an odd number of columns the weights are zero, but x ends.
  vf row[4];
  CK_UNROLL(w, width) {
    row[w] = vf_load_bf16_pairs(panel + k * stride + 2 * (size_t)(w * spread) * CK_LANES, 0);
  }
  CK_UNROLL(h, height) {
    vf factor = vf_set1(x[(size_t)h * x_stride + k]);
    CK_UNROLL(w, width) sum[h * width + w] = vf_fma(factor, row[w], sum[h * width + w]);
  }
}

CK_TILE(product_bf16_sum, vf, uint16_t, uint16_t) {
  for (size_t k = 0; k < inner; k += 2) {
    vp row[4];
    fetch_ahead(&fetched);
    CK_UNROLL(w, width) row[w] = vp_load(panel + k * stride + 2 * (size_t)(w * spread) * CK_LANES);
    CK_UNROLL(h, height) {
      vp factor = vp_set1(x + (size_t)h * x_stride + k);
      CK_UNROLL(w, width) sum[h * width + w] = vf_dot_bf16(sum[h * width + w], factor, row[w]);
    }
  }
}

CK_TILE(product_int8_sum, vi, uint8_t, int8_t) {
  for (size_t k = 0; k < inner; k += 4) {
    vq row[4];
    fetch_ahead(&fetched);
    CK_UNROLL(w, width) row[w] = vq_load(panel + k * stride + 4 * (size_t)(w * spread) * CK_LANES);
    CK_UNROLL(h, height) {
      vq factor = vq_set1(x + (size_t)h * x_stride + k);
      CK_UNROLL(w, width) sum[h * width + w] = vi_dot_u8_i8(sum[h * width + w], factor, row[w]);
    }
  }
}

// MARK: What follows

__attribute__((always_inline)) static inline vf load_some(const float *p, size_t count) {
  return count >= CK_LANES ? vf_load(p) : vf_load_part(p, count);
}

/// What a product needs to know of 16 columns.
typedef struct {
  vf bias;    ///< 0 where there is none.
  vf scales;  ///< int8 only, as the sums.
  vf sums;
} column_terms;

__attribute__((always_inline)) static inline column_terms terms_of_vf(
    const ck_packed *y, size_t column, size_t count) {
  vf bias = y->bias == NULL ? vf_zero() : load_some(y->bias + column, count);
  return (column_terms){bias, vf_zero(), vf_zero()};
}

__attribute__((always_inline)) static inline column_terms terms_of_vi(
    const ck_packed *y, size_t column, size_t count) {
  column_terms terms = terms_of_vf(y, column, count);
  terms.scales = load_some(y->scales + column, count);
  terms.sums = load_some(y->sums + column, count);
  return terms;
}

/// The sums of a row in one vector as f32, with the bias.
__attribute__((always_inline)) static inline vf value_of_vf(
    vf sum, const ck_rows *x, size_t row, column_terms terms) {
  (void)x, (void)row;
  return vf_add(sum, terms.bias);
}

/// Takes the zero point out of the sums and puts the scales in.
__attribute__((always_inline)) static inline vf value_of_vi(
    vi sum, const ck_rows *x, size_t row, column_terms terms) {
  vf whole = vf_fma(vf_set1(-x->zeros[row]), terms.sums, vf_from_vi(sum));
  return vf_fma(vf_mul(whole, terms.scales), vf_set1(x->scales[row]), terms.bias);
}

__attribute__((always_inline)) static inline vf gelu_of(vf x, const int is_coarse) {
  return is_coarse ? vf_gelu_coarse(x) : vf_gelu(x);
}

/// The value of a gate times the value that it is for.
__attribute__((always_inline)) static inline vf gated(
    vf gate, vf value, ck_epilogue epilogue, const int is_coarse) {
  switch (epilogue) {
    case CK_EPILOGUE_GELU_GATE: return vf_mul(gelu_of(gate, is_coarse), value);
    case CK_EPILOGUE_GELU_TANH_GATE:
      return vf_mul(is_coarse ? vf_gelu_tanh_coarse(gate) : vf_gelu_tanh(gate), value);
    default: return vf_mul(is_coarse ? vf_silu_coarse(gate) : vf_silu(gate), value);
  }
}

/// Stores `count` elements, at most a vector, at `place` of the output.
__attribute__((always_inline)) static inline void store_result(
    void *out, size_t place, vf value, size_t count, int to_bf16) {
  if (!to_bf16) {
    float *to = (float *)out + place;
    if (count >= CK_LANES) {
      vf_store(to, value);
    } else {
      vf_store_part(to, value, count);
    }
    return;
  }
  uint16_t *to = (uint16_t *)out + place;
  if (count >= CK_LANES) {
    vf_store_bf16(to, value);
  } else {
    uint16_t rest[CK_LANES];
    vf_store_bf16(rest, value);
    memcpy(to, rest, count * sizeof *to);
  }
}

__attribute__((always_inline)) static inline void finish_product(
    void *out, size_t place, vf value, ck_epilogue epilogue, size_t count, int to_bf16,
    const int is_coarse) {
  if (epilogue == CK_EPILOGUE_ADD) value = vf_add(value, load_some((float *)out + place, count));
  if (epilogue == CK_EPILOGUE_GELU) value = gelu_of(value, is_coarse);
  store_result(out, place, value, count, to_bf16);
}

// MARK: Products

#define CK_PRODUCT product_f32
#define CK_PRODUCT_SUM vf
#define CK_PRODUCT_X float
#define CK_PRODUCT_W float
#define CK_PRODUCT_GROUP 1
#define CK_PRODUCT_HEIGHT CK_PACKED_HEIGHT
#define CK_PRODUCT_IS_COARSE 0
#define CK_PRODUCT_TO_BF16 0
#include "packed_product.h"

#define CK_PRODUCT product_f32_f16
#define CK_PRODUCT_SUM vf
#define CK_PRODUCT_X float
#define CK_PRODUCT_W uint16_t
#define CK_PRODUCT_GROUP 1
#define CK_PRODUCT_HEIGHT CK_PACKED_HEIGHT
#define CK_PRODUCT_IS_COARSE 0
#define CK_PRODUCT_TO_BF16 0
#include "packed_product.h"

#define CK_PRODUCT product_f32_bf16
#define CK_PRODUCT_SUM vf
#define CK_PRODUCT_X float
#define CK_PRODUCT_W uint16_t
#define CK_PRODUCT_GROUP 2
// Taking pairs apart needs registers that a taller tile would have to put back in memory.
#define CK_PRODUCT_HEIGHT (CK_PACKED_HEIGHT < 5 ? CK_PACKED_HEIGHT : 5)
#define CK_PRODUCT_IS_COARSE 0
#define CK_PRODUCT_TO_BF16 0
#include "packed_product.h"

#define CK_PRODUCT product_bf16
#define CK_PRODUCT_SUM vf
#define CK_PRODUCT_X uint16_t
#define CK_PRODUCT_W uint16_t
#define CK_PRODUCT_GROUP 2
#define CK_PRODUCT_HEIGHT CK_PACKED_HEIGHT
#define CK_PRODUCT_IS_COARSE 1
#define CK_PRODUCT_TO_BF16 1
#include "packed_product.h"

#define CK_PRODUCT product_int8
#define CK_PRODUCT_SUM vi
#define CK_PRODUCT_X uint8_t
#define CK_PRODUCT_W int8_t
#define CK_PRODUCT_GROUP 4
#define CK_PRODUCT_HEIGHT CK_PACKED_HEIGHT
#define CK_PRODUCT_IS_COARSE 1
#define CK_PRODUCT_TO_BF16 0
#include "packed_product.h"
