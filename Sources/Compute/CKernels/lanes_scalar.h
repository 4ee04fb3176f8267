// The 16 virtual lanes as an array, for any processor. Same operations as lanes_avx2.h and
// lanes_avx512.h, which say what each does.

#include <string.h>

typedef struct {
  float lane[CK_LANES];
} vf;

#define CK_EACH(i) for (int i = 0; i < CK_LANES; i++)

static inline vf vf_set1(float value) {
  vf r;
  CK_EACH(i) r.lane[i] = value;
  return r;
}
static inline vf vf_load(const float *p) {
  vf r;
  memcpy(&r, p, sizeof r);
  return r;
}
static inline void vf_store(float *p, vf x) { memcpy(p, &x, sizeof x); }
static inline vf vf_load_part(const float *p, size_t count) {
  vf r;
  CK_EACH(i) r.lane[i] = (size_t)i < count ? p[i] : 0.0f;
  return r;
}
static inline void vf_store_part(float *p, vf x, size_t count) {
  for (size_t i = 0; i < count; i++) p[i] = x.lane[i];
}
static inline vf vf_keep(vf x, vf otherwise, size_t count) {
  CK_EACH(i) x.lane[i] = (size_t)i < count ? x.lane[i] : otherwise.lane[i];
  return x;
}
static inline vf vf_add(vf a, vf b) {
  CK_EACH(i) a.lane[i] += b.lane[i];
  return a;
}
static inline vf vf_sub(vf a, vf b) {
  CK_EACH(i) a.lane[i] -= b.lane[i];
  return a;
}
static inline vf vf_mul(vf a, vf b) {
  CK_EACH(i) a.lane[i] *= b.lane[i];
  return a;
}
static inline vf vf_div(vf a, vf b) {
  CK_EACH(i) a.lane[i] /= b.lane[i];
  return a;
}
static inline vf vf_fma(vf a, vf b, vf c) {
  // Correctly rounded by definition, in hardware or not.
  CK_EACH(i) c.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
  return c;
}
static inline vf vf_max(vf a, vf b) {
  CK_EACH(i) b.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
  return b;
}
static inline vf vf_min(vf a, vf b) {
  CK_EACH(i) b.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
  return b;
}
static inline vf vf_max_or_nan(vf a, vf b) {
  CK_EACH(i) {
    float x = a.lane[i], y = b.lane[i];
    a.lane[i] = x == x && !(y <= x) ? y : x;
  }
  return a;
}
static inline vf vf_sqrt(vf a) {
  CK_EACH(i) a.lane[i] = __builtin_sqrtf(a.lane[i]);
  return a;
}
static inline vf vf_abs(vf a) {
  CK_EACH(i) a.lane[i] = __builtin_fabsf(a.lane[i]);
  return a;
}
static inline vf vf_copysign(vf magnitude, vf sign) {
  CK_EACH(i) magnitude.lane[i] = __builtin_copysignf(magnitude.lane[i], sign.lane[i]);
  return magnitude;
}
static inline vf vf_select_less(vf a, vf b, vf yes, vf no) {
  CK_EACH(i) no.lane[i] = a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i];
  return no;
}
static inline vf vf_power_of_two(vf magic) {
  CK_EACH(i) {
    uint32_t bits;
    memcpy(&bits, &magic.lane[i], sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    memcpy(&magic.lane[i], &bits, sizeof bits);
  }
  return magic;
}
static inline float vf_sum(vf x) {
  for (int half = CK_LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) x.lane[i] += x.lane[i + half];
  }
  return x.lane[0];
}
static inline float vf_greatest(vf x) {
  for (int half = CK_LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) {
      x.lane[i] = x.lane[i] > x.lane[i + half] ? x.lane[i] : x.lane[i + half];
    }
  }
  return x.lane[0];
}

static inline float f16_lane(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t fraction = half & 0x3ff;
  uint32_t bits;
  float value;
  if (exponent == 0) {
    // Zero or subnormal: fraction · 2^-24, exact in f32.
    value = (float)fraction * 0x1p-24f;
    memcpy(&bits, &value, sizeof bits);
  } else if (exponent == 31) {
    // As the hardware does, a signalling NaN becomes quiet.
    bits = 0x7f800000u | fraction << 13 | (fraction != 0 ? 0x400000u : 0);
  } else {
    bits = (exponent + 112) << 23 | fraction << 13;
  }
  bits |= sign;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline vf vf_load_f16_part(const uint16_t *p, size_t count) {
  vf r;
  CK_EACH(i) r.lane[i] = (size_t)i < count ? f16_lane(p[i]) : 0.0f;
  return r;
}
static inline vf vf_load_f16(const uint16_t *p) { return vf_load_f16_part(p, CK_LANES); }
static inline vf vf_load_bf16_part(const uint16_t *p, size_t count) {
  vf r;
  CK_EACH(i) {
    uint32_t bits = (size_t)i < count ? (uint32_t)p[i] << 16 : 0;
    memcpy(&r.lane[i], &bits, sizeof bits);
  }
  return r;
}
static inline vf vf_load_bf16(const uint16_t *p) { return vf_load_bf16_part(p, CK_LANES); }

static inline void transpose_block(
    float *out, size_t out_stride, const float *x, size_t x_stride) {
  for (size_t r = 0; r < CK_LANES; r++) {
    for (size_t c = 0; c < CK_LANES; c++) out[c * out_stride + r] = x[r * x_stride + c];
  }
}

// Pairs of bf16, quads of bytes, and sums of the latter, one in each lane.

typedef struct {
  uint16_t lane[CK_LANES][2];
} vp;
typedef struct {
  int32_t lane[CK_LANES];
} vi;
typedef struct {
  uint8_t lane[CK_LANES][4];
} vq;

static inline float bf16_value(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline vf vf_zero(void) { return vf_set1(0.0f); }
static inline vi vi_zero(void) { return (vi){{0}}; }
static inline vp vp_load(const uint16_t *p) {
  vp r;
  memcpy(&r, p, sizeof r);
  return r;
}
static inline vp vp_set1(const uint16_t *p) {
  vp r;
  CK_EACH(i) memcpy(r.lane[i], p, sizeof r.lane[i]);
  return r;
}
static inline vf vf_load_bf16_pairs(const uint16_t *p, int part) {
  vf r;
  CK_EACH(i) r.lane[i] = bf16_value(p[2 * i + part]);
  return r;
}
static inline vf vf_dot_bf16(vf sum, vp x, vp y) {
  for (int part = 0; part < 2; part++) {
    CK_EACH(i) {
      sum.lane[i] = __builtin_fmaf(
          bf16_value(x.lane[i][part]), bf16_value(y.lane[i][part]), sum.lane[i]);
    }
  }
  return sum;
}
static inline void vf_store_bf16(uint16_t *p, vf x) {
  CK_EACH(i) {
    uint32_t bits;
    memcpy(&bits, &x.lane[i], sizeof bits);
    uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
    if (x.lane[i] != x.lane[i]) rounded = bits | 0x400000;
    p[i] = (uint16_t)(rounded >> 16);
  }
}
/// Pairs of bf16: those of `first` and `second`, rounded as in vf_store_bf16.
static inline void vp_store_pairs(uint16_t *p, vf first, vf second) {
  uint16_t parts[2][CK_LANES];
  vf_store_bf16(parts[0], first);
  vf_store_bf16(parts[1], second);
  CK_EACH(i) {
    p[2 * i] = parts[0][i];
    p[2 * i + 1] = parts[1][i];
  }
}
static inline vq vq_load(const int8_t *p) {
  vq r;
  memcpy(&r, p, sizeof r);
  return r;
}
static inline vq vq_set1(const uint8_t *p) {
  vq r;
  CK_EACH(i) memcpy(r.lane[i], p, sizeof r.lane[i]);
  return r;
}
static inline vi vi_dot_u8_i8(vi sum, vq x, vq y) {
  CK_EACH(i) {
    for (int part = 0; part < 4; part++) {
      sum.lane[i] += (int32_t)x.lane[i][part] * (int8_t)y.lane[i][part];
    }
  }
  return sum;
}
static inline vf vf_from_vi(vi x) {
  vf r;
  CK_EACH(i) r.lane[i] = (float)x.lane[i];
  return r;
}
static inline void vf_store_codes(uint8_t *p, vf magic) {
  CK_EACH(i) {
    uint32_t bits;
    memcpy(&bits, &magic.lane[i], sizeof bits);
    int32_t integer = (int32_t)(bits - 0x4b400000u);
    p[i] = (uint8_t)((integer < -128 ? -128 : integer > 127 ? 127 : integer) + 128);
  }
}
