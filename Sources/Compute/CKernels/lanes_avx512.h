// The 16 virtual lanes as one vector.
//
// `…_part` touches only the first `count` elements in memory (count < 16); lanes beyond them
// read as 0. Comparisons with NaN are false, and min and max then give their second operand.

typedef __m512 vf;

static inline __mmask16 first_lanes(size_t count) { return (__mmask16)((1u << count) - 1u); }

static inline vf vf_set1(float value) { return _mm512_set1_ps(value); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
static inline vf vf_load_part(const float *p, size_t count) {
  return _mm512_maskz_loadu_ps(first_lanes(count), p);
}
static inline void vf_store_part(float *p, vf x, size_t count) {
  _mm512_mask_storeu_ps(p, first_lanes(count), x);
}
/// The first `count` lanes of x, then those of `otherwise`.
static inline vf vf_keep(vf x, vf otherwise, size_t count) {
  return _mm512_mask_blend_ps(first_lanes(count), otherwise, x);
}
static inline vf vf_add(vf x, vf y) { return _mm512_add_ps(x, y); }
static inline vf vf_sub(vf x, vf y) { return _mm512_sub_ps(x, y); }
static inline vf vf_mul(vf x, vf y) { return _mm512_mul_ps(x, y); }
static inline vf vf_div(vf x, vf y) { return _mm512_div_ps(x, y); }
/// x · y + z, rounded once.
static inline vf vf_fma(vf x, vf y, vf z) { return _mm512_fmadd_ps(x, y, z); }
static inline vf vf_max(vf x, vf y) { return _mm512_max_ps(x, y); }
static inline vf vf_min(vf x, vf y) { return _mm512_min_ps(x, y); }
/// The greater of x and y, x where they are equal; NaN where one of them is, x's before y's.
static inline vf vf_max_or_nan(vf x, vf y) {
  __mmask16 ordered = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
  return _mm512_mask_blend_ps(_mm512_mask_cmp_ps_mask(ordered, y, x, _CMP_NLE_UQ), x, y);
}
static inline vf vf_sqrt(vf x) { return _mm512_sqrt_ps(x); }
static inline vf vf_abs(vf x) { return _mm512_abs_ps(x); }
/// |magnitude| with the sign of `sign`.
static inline vf vf_copysign(vf magnitude, vf sign) {
  // Truth table: the bit of the second operand where the third is set, else the first's.
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_castps_si512(magnitude), _mm512_castps_si512(sign),
      _mm512_set1_epi32((int)0x80000000u), 0xD8));
}
/// yes where x < y, else no.
static inline vf vf_select_less(vf x, vf y, vf yes, vf no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), no, yes);
}
/// 2^n of an integer n that was added to 1.5 · 2^23; n in −126…127.
static inline vf vf_power_of_two(vf magic) {
  __m512i shifted = _mm512_slli_epi32(_mm512_castps_si512(magic), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_set1_epi32(0x3f800000)));
}
/// Sum of the lanes: halves are added until one is left.
static inline float vf_sum(vf x) {
  __m256 eight =
      _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
/// Greatest lane, by the same halving.
static inline float vf_greatest(vf x) {
  __m256 eight =
      _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

static inline vf vf_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
static inline vf vf_load_f16_part(const uint16_t *p, size_t count) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(count), p));
}
static inline vf from_bf16(__m256i x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}
static inline vf vf_load_bf16(const uint16_t *p) {
  return from_bf16(_mm256_loadu_si256((const __m256i *)p));
}
static inline vf vf_load_bf16_part(const uint16_t *p, size_t count) {
  return from_bf16(_mm256_maskz_loadu_epi16(first_lanes(count), p));
}

/// out[c, r] = x[r, c] for 16×16: interleave elements, then pairs, then quarters twice.
static inline void transpose_block(
    float *out, size_t out_stride, const float *x, size_t x_stride) {
  __m512 r[CK_LANES], t[CK_LANES];
  for (int i = 0; i < CK_LANES; i++) r[i] = _mm512_loadu_ps(x + (size_t)i * x_stride);
  for (int i = 0; i < CK_LANES; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < CK_LANES; i += 4) {
    r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    float *low = out + (size_t)i * out_stride;
    _mm512_storeu_ps(low, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_ps(low + 8 * out_stride, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
  }
}
