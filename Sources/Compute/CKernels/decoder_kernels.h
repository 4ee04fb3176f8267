// Row kernels beyond those of a plain encoder: RMS norm, rotary positions, gates, and what the
// scores of attention need. What each computes is stated in include/CKernels.h.

// MARK: Elements

// One vector operation on each element of x, and of y where there is one.
#define CK_UNARY(name, expression)                                                              \
  static void CK_NAME(name)(float *x, size_t count) {                                           \
    size_t i = 0;                                                                               \
    for (; i + CK_LANES <= count; i += CK_LANES) {                                              \
      vf a = vf_load(x + i);                                                                    \
      vf_store(x + i, expression);                                                              \
    }                                                                                           \
    if (i < count) {                                                                            \
      vf a = vf_load_part(x + i, count - i);                                                    \
      vf_store_part(x + i, expression, count - i);                                              \
    }                                                                                           \
  }

CK_UNARY(gelu, vf_gelu(a))
CK_UNARY(gelu_tanh, vf_gelu_tanh(a))
CK_UNARY(silu, vf_silu(a))
CK_UNARY(relu, vf_relu(a))
#undef CK_UNARY

#define CK_BINARY(body)                                                                         \
  size_t i = 0;                                                                                 \
  for (; i + CK_LANES <= count; i += CK_LANES) {                                                \
    vf a = vf_load(x + i), b = vf_load(y + i);                                                  \
    vf_store(x + i, body);                                                                      \
  }                                                                                             \
  if (i < count) {                                                                              \
    vf a = vf_load_part(x + i, count - i), b = vf_load_part(y + i, count - i);                  \
    vf_store_part(x + i, body, count - i);                                                      \
  }

static void CK_NAME(multiply)(float *x, const float *y, size_t count) {
  CK_BINARY(vf_mul(a, b))
}

static void CK_NAME(add)(float *x, const float *y, size_t count) { CK_BINARY(vf_add(a, b)) }

#define CK_ADD_HALVES(name, load, load_part)                                                    \
  static void CK_NAME(name)(float *x, const uint16_t *y, size_t count) {                        \
    size_t i = 0;                                                                               \
    for (; i + CK_LANES <= count; i += CK_LANES) {                                              \
      vf_store(x + i, vf_add(vf_load(x + i), load(y + i)));                                     \
    }                                                                                           \
    if (i < count) {                                                                            \
      size_t left = count - i;                                                                  \
      vf_store_part(x + i, vf_add(vf_load_part(x + i, left), load_part(y + i, left)), left);    \
    }                                                                                           \
  }

CK_ADD_HALVES(add_f16, vf_load_f16, vf_load_f16_part)
CK_ADD_HALVES(add_bf16, vf_load_bf16, vf_load_bf16_part)
#undef CK_ADD_HALVES

static void CK_NAME(add_scaled)(float *x, const float *y, float factor, size_t count) {
  const vf f = vf_set1(factor);
  CK_BINARY(vf_fma(b, f, a))
}

static void CK_NAME(scale_add)(float *x, float factor, const float *y, size_t count) {
  const vf f = vf_set1(factor);
  CK_BINARY(vf_fma(a, f, b))
}
#undef CK_BINARY

static void CK_NAME(scale)(float *x, float factor, size_t count) {
  const vf f = vf_set1(factor);
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) vf_store(x + i, vf_mul(vf_load(x + i), f));
  if (i < count) vf_store_part(x + i, vf_mul(vf_load_part(x + i, count - i), f), count - i);
}

static void CK_NAME(soft_cap)(float *x, float scale, float cap, size_t count) {
  // Two roundings, as a model does that scales first and divides then.
  const vf s = vf_set1(scale), c = vf_set1(cap);
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) {
    vf_store(x + i, vf_mul(c, vf_tanh(vf_div(vf_mul(vf_load(x + i), s), c))));
  }
  if (i < count) {
    vf capped = vf_mul(c, vf_tanh(vf_div(vf_mul(vf_load_part(x + i, count - i), s), c)));
    vf_store_part(x + i, capped, count - i);
  }
}

static void CK_NAME(gather_add)(
    float *x, const float *y, size_t y_step, const int32_t *indices, size_t count) {
  // Single loads: the elements lie anywhere, and one addition each rounds the same everywhere.
  for (size_t i = 0; i < count; i++) x[i] += y[i * y_step + (size_t)indices[i]];
}

// MARK: Rows

static void CK_NAME(rms_norm)(
    float *x, size_t x_stride, const float *gamma, float epsilon, size_t rows, size_t columns) {
  const vf count = vf_set1((float)columns);
  const vf one = vf_set1(1.0f);
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf mean = vf_div(vf_set1(row_dot(x, x, columns)), count);
    vf factor = vf_div(one, vf_sqrt(vf_add(mean, vf_set1(epsilon))));
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf_store(x + c, vf_mul(vf_mul(vf_load(x + c), factor), vf_load(gamma + c)));
    }
    if (c < columns) {
      size_t left = columns - c;
      vf unit = vf_mul(vf_load_part(x + c, left), factor);
      vf_store_part(x + c, vf_mul(unit, vf_load_part(gamma + c, left)), left);
    }
  }
}

static void CK_NAME(rotate)(
    float *x, size_t x_stride, const float *cosines, const float *sines, size_t rows,
    size_t half) {
  const vf zero = vf_set1(0.0f);
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    for (size_t i = 0; i < half; i += CK_LANES) {
      size_t left = half - i < CK_LANES ? half - i : CK_LANES;
      float *low = x + i, *high = x + half + i;
      if (left == CK_LANES) {
        vf a = vf_load(low), b = vf_load(high);
        vf c = vf_load(cosines + i), s = vf_load(sines + i);
        vf_store(low, vf_fma(a, c, vf_sub(zero, vf_mul(b, s))));
        vf_store(high, vf_fma(b, c, vf_mul(a, s)));
      } else {
        vf a = vf_load_part(low, left), b = vf_load_part(high, left);
        vf c = vf_load_part(cosines + i, left), s = vf_load_part(sines + i, left);
        vf_store_part(low, vf_fma(a, c, vf_sub(zero, vf_mul(b, s))), left);
        vf_store_part(high, vf_fma(b, c, vf_mul(a, s)), left);
      }
    }
  }
}

static void CK_NAME(max_rows)(
    float *out, const float *x, size_t x_stride, size_t rows, size_t columns) {
  for (size_t c = 0; c < columns; c += CK_LANES) {
    size_t left = columns - c;
    if (left >= CK_LANES) {
      vf greatest = vf_load(x + c);
      for (size_t r = 1; r < rows; r++) {
        greatest = vf_max_or_nan(greatest, vf_load(x + r * x_stride + c));
      }
      vf_store(out + c, greatest);
    } else {
      vf greatest = vf_load_part(x + c, left);
      for (size_t r = 1; r < rows; r++) {
        greatest = vf_max_or_nan(greatest, vf_load_part(x + r * x_stride + c, left));
      }
      vf_store_part(out + c, greatest, left);
    }
  }
}
