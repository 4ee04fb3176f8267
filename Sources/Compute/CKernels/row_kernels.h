// The row kernels, written once over the 16 virtual lanes. What each computes is stated in
// include/CKernels.h.

/// Four accumulators: enough to hide the latency of an addition.
typedef struct {
  vf part[4];
} accumulators;

static inline accumulators accumulators_zero(void) {
  vf zero = vf_set1(0.0f);
  return (accumulators){{zero, zero, zero, zero}};
}

static inline float accumulators_sum(accumulators a) {
  return vf_sum(vf_add(vf_add(a.part[0], a.part[1]), vf_add(a.part[2], a.part[3])));
}

static inline float row_sum(const float *x, size_t count) {
  accumulators sum = accumulators_zero();
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES) {
    for (int j = 0; j < 4; j++) sum.part[j] = vf_add(sum.part[j], vf_load(x + i + CK_LANES * j));
  }
  for (; i + CK_LANES <= count; i += CK_LANES) {
    sum.part[0] = vf_add(sum.part[0], vf_load(x + i));
  }
  if (i < count) sum.part[0] = vf_add(sum.part[0], vf_load_part(x + i, count - i));
  return accumulators_sum(sum);
}

static inline float row_dot(const float *x, const float *y, size_t count) {
  accumulators sum = accumulators_zero();
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES) {
    for (int j = 0; j < 4; j++) {
      size_t k = i + (size_t)(CK_LANES * j);
      sum.part[j] = vf_fma(vf_load(x + k), vf_load(y + k), sum.part[j]);
    }
  }
  for (; i + CK_LANES <= count; i += CK_LANES) {
    sum.part[0] = vf_fma(vf_load(x + i), vf_load(y + i), sum.part[0]);
  }
  if (i < count) {
    vf a = vf_load_part(x + i, count - i), b = vf_load_part(y + i, count - i);
    sum.part[0] = vf_fma(a, b, sum.part[0]);
  }
  return accumulators_sum(sum);
}

/// Σ (x − mean)².
static inline float row_squared_deviations(const float *x, vf mean, size_t count) {
  accumulators sum = accumulators_zero();
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES) {
    for (int j = 0; j < 4; j++) {
      vf deviation = vf_sub(vf_load(x + i + CK_LANES * j), mean);
      sum.part[j] = vf_fma(deviation, deviation, sum.part[j]);
    }
  }
  for (; i + CK_LANES <= count; i += CK_LANES) {
    vf deviation = vf_sub(vf_load(x + i), mean);
    sum.part[0] = vf_fma(deviation, deviation, sum.part[0]);
  }
  if (i < count) {
    vf deviation = vf_sub(vf_load_part(x + i, count - i), mean);
    deviation = vf_keep(deviation, vf_set1(0.0f), count - i);
    sum.part[0] = vf_fma(deviation, deviation, sum.part[0]);
  }
  return accumulators_sum(sum);
}

// MARK: Activation

static void CK_NAME(tanh)(float *x, size_t count) {
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) vf_store(x + i, vf_tanh(vf_load(x + i)));
  if (i < count) vf_store_part(x + i, vf_tanh(vf_load_part(x + i, count - i)), count - i);
}

static void CK_NAME(sigmoid)(float *x, size_t count) {
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) vf_store(x + i, vf_sigmoid(vf_load(x + i)));
  if (i < count) vf_store_part(x + i, vf_sigmoid(vf_load_part(x + i, count - i)), count - i);
}

// MARK: Normalisation

static void CK_NAME(layer_norm)(
    float *x, size_t x_stride, const float *gamma, const float *beta, float epsilon, size_t rows,
    size_t columns) {
  const vf count = vf_set1((float)columns);
  const vf one = vf_set1(1.0f);
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf mean = vf_div(vf_set1(row_sum(x, columns)), count);
    vf variance = vf_div(vf_set1(row_squared_deviations(x, mean, columns)), count);
    vf factor = vf_div(one, vf_sqrt(vf_add(variance, vf_set1(epsilon))));
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf unit = vf_mul(vf_sub(vf_load(x + c), mean), factor);
      vf_store(x + c, vf_fma(unit, vf_load(gamma + c), vf_load(beta + c)));
    }
    if (c < columns) {
      size_t left = columns - c;
      vf unit = vf_mul(vf_sub(vf_load_part(x + c, left), mean), factor);
      vf y = vf_fma(unit, vf_load_part(gamma + c, left), vf_load_part(beta + c, left));
      vf_store_part(x + c, y, left);
    }
  }
}

static void CK_NAME(l2_normalize)(float *x, size_t x_stride, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf norm = vf_sqrt(vf_set1(row_dot(x, x, columns)));
    vf divisor = vf_max(vf_set1(1e-12f), norm);
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf_store(x + c, vf_div(vf_load(x + c), divisor));
    }
    if (c < columns) {
      size_t left = columns - c;
      vf_store_part(x + c, vf_div(vf_load_part(x + c, left), divisor), left);
    }
  }
}

// MARK: Softmax

static inline float row_greatest(const float *x, size_t count) {
  const vf least = vf_set1(-__builtin_inff());
  vf part[4] = {least, least, least, least};
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES) {
    for (int j = 0; j < 4; j++) part[j] = vf_max(part[j], vf_load(x + i + CK_LANES * j));
  }
  for (; i + CK_LANES <= count; i += CK_LANES) part[0] = vf_max(part[0], vf_load(x + i));
  if (i < count) {
    size_t left = count - i;
    part[0] = vf_max(part[0], vf_keep(vf_load_part(x + i, left), least, left));
  }
  return vf_greatest(vf_max(vf_max(part[0], part[1]), vf_max(part[2], part[3])));
}

static void CK_NAME(softmax)(
    float *x, size_t x_stride, float scale, size_t rows, size_t columns) {
  const vf factor = vf_set1(scale);
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf greatest = vf_set1(row_greatest(x, columns));
    vf sum = vf_set1(0.0f);
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf e = vf_exp(vf_mul(vf_sub(vf_load(x + c), greatest), factor));
      vf_store(x + c, e);
      sum = vf_add(sum, e);
    }
    if (c < columns) {
      size_t left = columns - c;
      vf e = vf_exp(vf_mul(vf_sub(vf_load_part(x + c, left), greatest), factor));
      vf_store_part(x + c, e, left);
      sum = vf_add(sum, vf_keep(e, vf_set1(0.0f), left));
    }
    vf share = vf_div(vf_set1(1.0f), vf_set1(vf_sum(sum)));
    for (c = 0; c + CK_LANES <= columns; c += CK_LANES) {
      vf_store(x + c, vf_mul(vf_load(x + c), share));
    }
    if (c < columns) {
      size_t left = columns - c;
      vf_store_part(x + c, vf_mul(vf_load_part(x + c, left), share), left);
    }
  }
}

// The parts of a soft-max around the product with its values: 2^((x − greatest) · scale / ln 2), so
// that nothing is left to be multiplied with the shares but the product's sums. The weight of a
// column is computed by `power` and given to `keep` with its place and its number of columns.
#define CK_EXPONENTIALS(power, keep)                                                            \
  const vf factor = vf_set1(scale * 1.44269504088896341f);                                      \
  for (size_t r = 0; r < rows; r++) {                                                           \
    vf offset = vf_mul(vf_set1(-row_greatest(x, columns)), factor);                             \
    vf sum = vf_set1(0.0f);                                                                     \
    size_t c = 0;                                                                               \
    for (; c + CK_LANES <= columns; c += CK_LANES) {                                            \
      vf weight = power(vf_fma(vf_load(x + c), factor, offset));                                \
      sum = vf_add(sum, weight);                                                                \
      keep(weight, c, CK_LANES);                                                                \
    }                                                                                           \
    if (c < columns) {                                                                          \
      size_t left = columns - c;                                                                \
      vf weight = power(vf_fma(vf_load_part(x + c, left), factor, offset));                     \
      sum = vf_add(sum, vf_keep(weight, vf_set1(0.0f), left));                                  \
      keep(weight, c, left);                                                                    \
    }                                                                                           \
    shares[r] = 1.0f / vf_sum(sum);                                                             \
    x += x_stride;                                                                              \
    CK_NEXT_ROW                                                                                 \
  }

#define CK_STORE_WEIGHT(weight, c, count)                                                       \
  if (count == CK_LANES) {                                                                      \
    vf_store(x + c, weight);                                                                    \
  } else {                                                                                      \
    vf_store_part(x + c, weight, count);                                                        \
  }
#define CK_NEXT_ROW
static void CK_NAME(exponentials)(
    float *x, size_t x_stride, float *shares, float scale, size_t rows, size_t columns) {
  CK_EXPONENTIALS(vf_power, CK_STORE_WEIGHT)
}
#undef CK_STORE_WEIGHT
#undef CK_NEXT_ROW

#define CK_STORE_WEIGHT(weight, c, count)                                                       \
  if (count == CK_LANES) {                                                                      \
    vf_store_bf16(out + c, weight);                                                             \
  } else {                                                                                      \
    uint16_t rest[CK_LANES];                                                                    \
    vf_store_bf16(rest, weight);                                                                \
    memcpy(out + c, rest, count * sizeof *out);                                                 \
  }
#define CK_NEXT_ROW                                                                             \
  for (size_t filled = columns; filled < out_stride; filled++) out[filled] = 0;                 \
  out += out_stride;
static void CK_NAME(exponentials_bf16)(
    uint16_t *out, size_t out_stride, float *shares, const float *x, size_t x_stride, float scale,
    size_t rows, size_t columns) {
  CK_EXPONENTIALS(vf_power_coarse, CK_STORE_WEIGHT)
}
#undef CK_STORE_WEIGHT
#undef CK_NEXT_ROW
#undef CK_EXPONENTIALS

static void CK_NAME(scale_rows)(
    float *x, size_t x_stride, const float *factors, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++, x += x_stride) {
    vf factor = vf_set1(factors[r]);
    size_t c = 0;
    for (; c + CK_LANES <= columns; c += CK_LANES) {
      vf_store(x + c, vf_mul(vf_load(x + c), factor));
    }
    if (c < columns) {
      size_t left = columns - c;
      vf_store_part(x + c, vf_mul(vf_load_part(x + c, left), factor), left);
    }
  }
}

// MARK: Pooling and heads

static void CK_NAME(mean_rows)(
    float *out, const float *x, size_t x_stride, size_t rows, size_t columns) {
  const vf count = vf_set1((float)rows);
  for (size_t c = 0; c < columns; c += CK_LANES) {
    size_t left = columns - c;
    vf sum = vf_set1(0.0f);
    if (left >= CK_LANES) {
      for (size_t r = 0; r < rows; r++) sum = vf_add(sum, vf_load(x + r * x_stride + c));
      vf_store(out + c, vf_div(sum, count));
    } else {
      for (size_t r = 0; r < rows; r++) {
        sum = vf_add(sum, vf_load_part(x + r * x_stride + c, left));
      }
      vf_store_part(out + c, vf_div(sum, count), left);
    }
  }
}

static float CK_NAME(dot)(const float *x, const float *y, size_t count) {
  return row_dot(x, y, count);
}

static void CK_NAME(dense)(
    float *out, size_t out_stride, const float *x, size_t x_stride, const float *weights,
    const float *bias, size_t rows, size_t out_columns, size_t in_columns) {
  // Rows innermost: a row of weights is read from memory once for all inputs.
  for (size_t o = 0; o < out_columns; o++) {
    const float *weight = weights + o * in_columns;
    for (size_t r = 0; r < rows; r++) {
      float sum = row_dot(x + r * x_stride, weight, in_columns);
      out[r * out_stride + o] = bias != NULL ? sum + bias[o] : sum;
    }
  }
}

// MARK: Embedding and conversion

// One body for the three stored types of the word table.
#define CK_EMBED(name, type_name, load, load_part)                                              \
  static void CK_NAME(name)(                                                                    \
      float *out, size_t out_stride, const type_name *words, const int32_t *ids,                \
      const float *positions, const float *type, size_t rows, size_t columns) {                 \
    for (size_t r = 0; r < rows; r++, out += out_stride, positions += columns) {                \
      const type_name *word = words + (size_t)ids[r] * columns;                                 \
      size_t c = 0;                                                                             \
      for (; c + CK_LANES <= columns; c += CK_LANES) {                                          \
        vf sum = vf_add(load(word + c), vf_load(type + c));                                     \
        vf_store(out + c, vf_add(sum, vf_load(positions + c)));                                 \
      }                                                                                         \
      if (c < columns) {                                                                        \
        size_t left = columns - c;                                                              \
        vf sum = vf_add(load_part(word + c, left), vf_load_part(type + c, left));               \
        vf_store_part(out + c, vf_add(sum, vf_load_part(positions + c, left)), left);           \
      }                                                                                         \
    }                                                                                           \
  }

CK_EMBED(embed_f32, float, vf_load, vf_load_part)
CK_EMBED(embed_f16, uint16_t, vf_load_f16, vf_load_f16_part)
CK_EMBED(embed_bf16, uint16_t, vf_load_bf16, vf_load_bf16_part)
#undef CK_EMBED

static void CK_NAME(f16_to_f32)(float *out, const uint16_t *x, size_t count) {
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) vf_store(out + i, vf_load_f16(x + i));
  if (i < count) vf_store_part(out + i, vf_load_f16_part(x + i, count - i), count - i);
}

static void CK_NAME(bf16_to_f32)(float *out, const uint16_t *x, size_t count) {
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES) vf_store(out + i, vf_load_bf16(x + i));
  if (i < count) vf_store_part(out + i, vf_load_bf16_part(x + i, count - i), count - i);
}
