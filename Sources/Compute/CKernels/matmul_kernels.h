// Products of small matrices, and the transposition that prepares their second factor. Every
// element is one chain of fused multiply-adds in the order of the inner dimension, so that
// neither the tile nor the place in it shows in the result.

static void CK_NAME(transpose)(
    float *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
    size_t columns) {
  for (size_t r = 0; r < rows; r += CK_LANES) {
    size_t rows_left = rows - r;
    size_t c = 0;
    if (rows_left >= CK_LANES) {
      for (; c + CK_LANES <= columns; c += CK_LANES) {
        transpose_block(out + c * out_stride + r, out_stride, x + r * x_stride + c, x_stride);
      }
    } else {
      // The last rows, in blocks that are filled up with zero rows.
      for (; c + CK_LANES <= columns; c += CK_LANES) {
        float block[CK_LANES * CK_LANES] = {0};
        for (size_t i = 0; i < rows_left; i++) {
          vf_store(block + i * CK_LANES, vf_load(x + (r + i) * x_stride + c));
        }
        transpose_block(out + c * out_stride + r, out_stride, block, CK_LANES);
      }
    }
    size_t filled = rows_left < CK_LANES ? rows_left : CK_LANES;
    for (; c < columns; c++) {
      float *column = out + c * out_stride + r;
      for (size_t i = 0; i < filled; i++) column[i] = x[(r + i) * x_stride + c];
      for (size_t i = filled; i < CK_LANES; i++) column[i] = 0.0f;
    }
  }
}

/// One tile of `height` rows and `width` vectors; both are constants where this is called, so
/// that the sums stay in registers. `part` is 0, or the elements of the only vector (width 1).
__attribute__((always_inline)) static inline void matmul_tile(
    float *out, size_t out_stride, const float *x, size_t x_stride, const float *y,
    size_t y_stride, size_t inner, const int height, const int width, size_t part) {
  vf sum[CK_TILE_VECTORS_MAX];
#pragma clang loop unroll(full)
  for (int i = 0; i < height * width; i++) sum[i] = vf_set1(0.0f);
  for (size_t k = 0; k < inner; k++) {
    vf row[4];
#pragma clang loop unroll(full)
    for (int w = 0; w < width; w++) {
      const float *at = y + k * y_stride + (size_t)(w * CK_LANES);
      row[w] = part == 0 ? vf_load(at) : vf_load_part(at, part);
    }
#pragma clang loop unroll(full)
    for (int h = 0; h < height; h++) {
      vf factor = vf_set1(x[(size_t)h * x_stride + k]);
#pragma clang loop unroll(full)
      for (int w = 0; w < width; w++) {
        sum[h * width + w] = vf_fma(factor, row[w], sum[h * width + w]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int h = 0; h < height; h++) {
#pragma clang loop unroll(full)
    for (int w = 0; w < width; w++) {
      float *at = out + (size_t)h * out_stride + (size_t)(w * CK_LANES);
      if (part == 0) {
        vf_store(at, sum[h * width + w]);
      } else {
        vf_store_part(at, sum[h * width + w], part);
      }
    }
  }
}

/// All rows of one panel of `width` vectors: tall tiles first, then what is left.
__attribute__((always_inline)) static inline void matmul_panel(
    float *out, size_t out_stride, const float *x, size_t x_stride, const float *y,
    size_t y_stride, size_t rows, size_t inner, const int height, const int width, size_t part) {
  size_t r = 0;
#define CK_TILES(h)                                                                             \
  for (; r + (h) <= rows; r += (h)) {                                                           \
    matmul_tile(                                                                                \
        out + r * out_stride, out_stride, x + r * x_stride, x_stride, y, y_stride, inner, (h),  \
        width, part);                                                                           \
  }
  CK_TILES((size_t)height)
  CK_TILES(4)
  CK_TILES(2)
  CK_TILES(1)
#undef CK_TILES
}

static void CK_NAME(matmul)(
    float *out, size_t out_stride, const float *x, size_t x_stride, const float *y,
    size_t y_stride, size_t rows, size_t columns, size_t inner) {
  size_t c = 0;
#define CK_PANELS(height, width)                                                                \
  for (; c + CK_LANES * (width) <= columns; c += CK_LANES * (width)) {                          \
    matmul_panel(                                                                               \
        out + c, out_stride, x, x_stride, y + c, y_stride, rows, inner, height, width, 0);      \
  }
#if CK_TILE_VECTORS_MAX == 24
  CK_PANELS(6, 4)
  CK_PANELS(12, 2)
#endif
  CK_PANELS(CK_TILE_HEIGHT, 1)
#undef CK_PANELS
  if (c < columns) {
    matmul_panel(
        out + c, out_stride, x, x_stride, y + c, y_stride, rows, inner, CK_TILE_HEIGHT, 1,
        columns - c);
  }
}
