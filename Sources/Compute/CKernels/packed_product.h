// One kind of product: included once for each, with
// - CK_PRODUCT, its name; CK_PRODUCT_X and CK_PRODUCT_W, the elements of rows and weights;
// - CK_PRODUCT_SUM, vf or vi, what CK_PRODUCT ## _sum sums in;
// - CK_PRODUCT_GROUP, how many inner indices a panel holds side by side;
// - CK_PRODUCT_IS_COARSE, whether what follows may be as coarse as vf_gelu_coarse;
// - CK_PRODUCT_HEIGHT, the rows of the greatest tile, at most CK_PACKED_HEIGHT.

#define CK_JOIN_AGAIN(a, b) a##b
#define CK_JOIN(a, b) CK_JOIN_AGAIN(a, b)
#define CK_OF_PRODUCT(part) CK_JOIN(CK_PRODUCT, part)
#define CK_NAMED(operation) CK_NAME(operation)

__attribute__((always_inline)) static inline void CK_OF_PRODUCT(_tile)(
    float *out, size_t out_stride, const ck_rows *x, size_t first, const ck_packed *y,
    const CK_PRODUCT_W *panel, size_t stride, size_t column, ck_epilogue epilogue, ahead fetched,
    const int height, const int width) {
  CK_PRODUCT_SUM sum[(CK_PACKED_HEIGHT * CK_PACKED_WIDTH)];
  CK_UNROLL(i, height * width) sum[i] = CK_JOIN(CK_PRODUCT_SUM, _zero)();
  const CK_PRODUCT_X *values = (const CK_PRODUCT_X *)x->values + first * x->stride;
  CK_OF_PRODUCT(_sum)(sum, values, x->stride, panel, stride, y->inner, fetched, height, width);
  CK_UNROLL(w, width) {
    size_t c = column + (size_t)w * CK_LANES;
    size_t count = y->columns > c ? y->columns - c : 0;
    if (count == 0) break;
    column_terms terms = CK_JOIN(terms_of_, CK_PRODUCT_SUM)(y, c, count);
    CK_UNROLL(h, height) {
      size_t row = first + (size_t)h;
      vf value = CK_JOIN(value_of_, CK_PRODUCT_SUM)(sum[h * width + w], x, row, terms);
      finish_product(
          out + row * out_stride + c, value, epilogue, count, CK_PRODUCT_IS_COARSE);
    }
  }
}

/// All rows by `width` vectors of a panel, in as few tiles as can be and about equally tall.
#define CK_PRODUCT_ROWS(width)                                                                  \
  __attribute__((noinline)) static void CK_OF_PRODUCT(_rows_##width)(                           \
      float *out, size_t out_stride, const ck_rows *x, const ck_packed *y,                      \
      const CK_PRODUCT_W *panel, size_t stride, size_t column, ck_epilogue epilogue,            \
      const CK_PRODUCT_W *next) {                                                               \
    size_t tiles = (x->count + CK_PRODUCT_HEIGHT - 1) / CK_PRODUCT_HEIGHT;                      \
    size_t row = 0;                                                                             \
    size_t steps = (y->inner + CK_PRODUCT_GROUP - 1) / CK_PRODUCT_GROUP;                        \
    /* The next panel, or in its absence this one again, a share with each tile. */             \
    ahead fetched = {(const char *)(next == NULL ? panel : next), 0};                           \
    if (next != NULL) {                                                                         \
      fetched.step = (stride * CK_PRODUCT_GROUP * sizeof *panel + tiles - 1) / tiles;           \
    }                                                                                           \
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
    float *out, size_t out_stride, const ck_rows *x, const ck_packed *y, ck_epilogue epilogue) {
  size_t groups = (y->inner + CK_PRODUCT_GROUP - 1) / CK_PRODUCT_GROUP;
  const CK_PRODUCT_W *panel = y->panels;
  for (size_t c = 0; c < y->columns; c += CK_PANEL) {
    size_t width = panel_width(y->columns - c);
    const CK_PRODUCT_W *next = panel + width * groups * CK_PRODUCT_GROUP;
    if (c + CK_PANEL >= y->columns) next = y->next;
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
#undef CK_PRODUCT_ROWS
#undef CK_PRODUCT_CASE
#undef CK_JOIN
#undef CK_JOIN_AGAIN
#undef CK_OF_PRODUCT
#undef CK_NAMED
