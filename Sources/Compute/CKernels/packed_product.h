// One kind of product: included once for each, with
// - CK_PRODUCT, its name; CK_PRODUCT_X and CK_PRODUCT_W, the elements of rows and weights;
// - CK_PRODUCT_SUM, vf or vi, what CK_PRODUCT ## _sum sums in;
// - CK_PRODUCT_GROUP, how many inner indices a panel holds side by side;
// - CK_PRODUCT_IS_COARSE, whether what follows may be as coarse as vf_gelu_coarse;
// - CK_PRODUCT_TO_BF16, whether the output can be bf16;
// - CK_PRODUCT_HEIGHT, the rows of the greatest tile, at most CK_PACKED_HEIGHT.

#define CK_JOIN_AGAIN(a, b) a##b
#define CK_JOIN(a, b) CK_JOIN_AGAIN(a, b)
#define CK_OF_PRODUCT(part) CK_JOIN(CK_PRODUCT, part)
#define CK_NAMED(operation) CK_NAME(operation)

__attribute__((always_inline)) static inline void CK_OF_PRODUCT(_tile)(
    void *out, size_t out_stride, const ck_rows *x, size_t first, const ck_packed *y,
    const CK_PRODUCT_W *panel, size_t stride, size_t column, ck_epilogue epilogue, ahead fetched,
    const int height, const int width) {
  CK_PRODUCT_SUM sum[(CK_PACKED_HEIGHT * CK_PACKED_WIDTH)];
  CK_UNROLL(i, height * width) sum[i] = CK_JOIN(CK_PRODUCT_SUM, _zero)();
  const CK_PRODUCT_X *values = (const CK_PRODUCT_X *)x->values + first * x->stride;
  CK_OF_PRODUCT(_sum)(sum, values, x->stride, panel, stride, y->inner, fetched, height, width, 1);
  const int to_bf16 = CK_PRODUCT_TO_BF16 && (epilogue & CK_EPILOGUE_TO_BF16) != 0;
  epilogue &= ~CK_EPILOGUE_TO_BF16;
  CK_UNROLL(w, width) {
    size_t c = column + (size_t)w * CK_LANES;
    size_t count = y->columns > c ? y->columns - c : 0;
    if (count == 0) break;
    column_terms terms = CK_JOIN(terms_of_, CK_PRODUCT_SUM)(y, c, count);
    CK_UNROLL(h, height) {
      size_t row = first + (size_t)h;
      vf value = CK_JOIN(value_of_, CK_PRODUCT_SUM)(sum[h * width + w], x, row, terms);
      finish_product(
          out, row * out_stride + c, value, epilogue, count, to_bf16, CK_PRODUCT_IS_COARSE);
    }
  }
}

/// Half of the `width` vectors are gates, the others behind them what they are for; `column` is that
/// of the first gate.
__attribute__((always_inline)) static inline void CK_OF_PRODUCT(_gated_tile)(
    void *out, size_t out_stride, const ck_rows *x, size_t first, const ck_packed *y,
    const CK_PRODUCT_W *panel, size_t column, ck_epilogue epilogue, ahead fetched,
    const int height, const int width) {
  CK_PRODUCT_SUM sum[CK_GATED_SUMS];
  CK_UNROLL(i, height * width) sum[i] = CK_JOIN(CK_PRODUCT_SUM, _zero)();
  const CK_PRODUCT_X *values = (const CK_PRODUCT_X *)x->values + first * x->stride;
  CK_OF_PRODUCT(_sum)(
      sum, values, x->stride, panel, CK_PANEL, y->inner, fetched, height, width, 4 / width);
  const int to_bf16 = CK_PRODUCT_TO_BF16 && (epilogue & CK_EPILOGUE_TO_BF16) != 0;
  epilogue &= ~CK_EPILOGUE_TO_BF16;
  CK_UNROLL(w, width / 2) {
    size_t c = column + (size_t)w * CK_LANES;
    column_terms gates = CK_JOIN(terms_of_, CK_PRODUCT_SUM)(y, c, CK_LANES);
    column_terms terms = CK_JOIN(terms_of_, CK_PRODUCT_SUM)(y, c + CK_PANEL / 2, CK_LANES);
    CK_UNROLL(h, height) {
      size_t row = first + (size_t)h;
      const CK_PRODUCT_SUM *own = sum + h * width + w;
      vf gate = CK_JOIN(value_of_, CK_PRODUCT_SUM)(own[0], x, row, gates);
      vf value = CK_JOIN(value_of_, CK_PRODUCT_SUM)(own[width / 2], x, row, terms);
      // Of the panels before this one half the columns are in the output, of this one all gates.
      size_t place = row * out_stride + c / CK_PANEL * (CK_PANEL / 2) + c % CK_PANEL;
      store_result(
          out, place, gated(gate, value, epilogue, CK_PRODUCT_IS_COARSE), CK_LANES, to_bf16);
    }
  }
}

/// All rows of a whole panel of gates, from column `column` on by `width` vectors.
__attribute__((noinline)) static void CK_OF_PRODUCT(_gated_rows)(
    void *out, size_t out_stride, const ck_rows *x, const ck_packed *y, const CK_PRODUCT_W *panel,
    size_t column, ck_epilogue epilogue, const CK_PRODUCT_W *next) {
  enum { width = CK_PACKED_WIDTH == 4 ? 4 : 2 };
  const size_t height_max = CK_PACKED_WIDTH == 4 ? CK_PRODUCT_HEIGHT : 3;
  size_t tiles = (x->count + height_max - 1) / height_max;
  size_t steps = (y->inner + CK_PRODUCT_GROUP - 1) / CK_PRODUCT_GROUP;
  ahead fetched = fetch_share(panel, next, CK_PANEL * CK_PRODUCT_GROUP * sizeof *panel, tiles);
  for (size_t row = 0; tiles > 0; tiles--) {
    size_t height = (x->count - row + tiles - 1) / tiles;
    switch (height) {
#define CK_GATED_CASE(height, width)                                                            \
  case height:                                                                                  \
    CK_OF_PRODUCT(_gated_tile)(                                                                 \
        out, out_stride, x, row, y, panel, column, epilogue, fetched, height, width);           \
    break;
      CK_GATED_HEIGHTS(CK_GATED_CASE, width)
#undef CK_GATED_CASE
      default: __builtin_unreachable();
    }
    row += height;
    fetched.next += fetched.step * steps;
  }
}

/// All rows by `width` vectors of a panel, in as few tiles as can be and about equally tall.
#define CK_PRODUCT_ROWS(width)                                                                  \
  __attribute__((noinline)) static void CK_OF_PRODUCT(_rows_##width)(                           \
      void *out, size_t out_stride, const ck_rows *x, const ck_packed *y,                       \
      const CK_PRODUCT_W *panel, size_t stride, size_t column, ck_epilogue epilogue,            \
      const CK_PRODUCT_W *next) {                                                               \
    size_t tiles = (x->count + CK_PRODUCT_HEIGHT - 1) / CK_PRODUCT_HEIGHT;                      \
    size_t row = 0;                                                                             \
    size_t steps = (y->inner + CK_PRODUCT_GROUP - 1) / CK_PRODUCT_GROUP;                        \
    ahead fetched =                                                                             \
        fetch_share(panel, next, stride * CK_PRODUCT_GROUP * sizeof *panel, tiles);             \
    for (; tiles > 0; tiles--) {                                                                \
      size_t height = (x->count - row + tiles - 1) / tiles;                                     \
      switch (height) {                                                                         \
        CK_PACKED_HEIGHTS(CK_PRODUCT_CASE, width)                                               \
        default: __builtin_unreachable();                                                       \
      }                                                                                         \
      row += height;                                                                            \
      fetched.next += fetched.step * steps;                                                     \
    }                                                                                           \
  }
#define CK_PRODUCT_CASE(height, width)                                                          \
  case height:                                                                                  \
    CK_OF_PRODUCT(_tile)(                                                                       \
        out, out_stride, x, row, y, panel, stride, column, epilogue, fetched, height, width);   \
    break;

CK_PRODUCT_ROWS(1)
#if CK_PACKED_WIDTH == 4
CK_PRODUCT_ROWS(2)
CK_PRODUCT_ROWS(4)
#endif

static void CK_NAMED(CK_PRODUCT)(
    void *out, size_t out_stride, const ck_rows *x, const ck_packed *y, ck_epilogue epilogue) {
  size_t groups = (y->inner + CK_PRODUCT_GROUP - 1) / CK_PRODUCT_GROUP;
  const CK_PRODUCT_W *panel = y->panels;
  for (size_t c = 0; c < y->columns; c += CK_PANEL) {
    size_t width = panel_width(y->columns - c);
    const CK_PRODUCT_W *next = panel + width * groups * CK_PRODUCT_GROUP;
    if (c + CK_PANEL >= y->columns) next = y->next;
    if ((epilogue & ~CK_EPILOGUE_TO_BF16) >= CK_EPILOGUE_GELU_GATE) {
      CK_OF_PRODUCT(_gated_rows)(out, out_stride, x, y, panel, c, epilogue, next);
#if CK_PACKED_WIDTH < 4
      CK_OF_PRODUCT(_gated_rows)(
          out, out_stride, x, y, panel + CK_LANES * CK_PRODUCT_GROUP, c + CK_LANES, epilogue, NULL);
#endif
      panel += width * groups * CK_PRODUCT_GROUP;
      continue;
    }
#if CK_PACKED_WIDTH == 4
    if (width == CK_PANEL) {
      CK_OF_PRODUCT(_rows_4)(out, out_stride, x, y, panel, width, c, epilogue, next);
      panel += width * groups * CK_PRODUCT_GROUP;
      continue;
    }
    if (width == 2 * CK_LANES) {
      CK_OF_PRODUCT(_rows_2)(out, out_stride, x, y, panel, width, c, epilogue, next);
      panel += width * groups * CK_PRODUCT_GROUP;
      continue;
    }
#endif
    for (size_t v = 0; v < width; v += CK_LANES) {
      CK_OF_PRODUCT(_rows_1)(
          out, out_stride, x, y, panel + v * CK_PRODUCT_GROUP, width, c + v, epilogue,
          v == 0 ? next : NULL);
    }
    panel += width * groups * CK_PRODUCT_GROUP;
  }
}

#undef CK_PRODUCT
#undef CK_PRODUCT_SUM
#undef CK_PRODUCT_X
#undef CK_PRODUCT_W
#undef CK_PRODUCT_GROUP
#undef CK_PRODUCT_HEIGHT
#undef CK_PRODUCT_IS_COARSE
#undef CK_PRODUCT_TO_BF16
#undef CK_PRODUCT_ROWS
#undef CK_PRODUCT_CASE
#undef CK_JOIN
#undef CK_JOIN_AGAIN
#undef CK_OF_PRODUCT
#undef CK_NAMED
