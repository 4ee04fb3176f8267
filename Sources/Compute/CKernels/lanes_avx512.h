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

// Pairs of bf16, quads of bytes, and sums of the latter, one in each lane.

typedef __m512i vp;
typedef __m512i vi;
typedef __m512i vq;

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }
static inline vi vi_zero(void) { return _mm512_setzero_si512(); }
static inline vp vp_load(const uint16_t *p) { return _mm512_loadu_si512(p); }
/// The pair at `p` in every lane.
static inline vp vp_set1(const uint16_t *p) {
  int32_t pair;
  memcpy(&pair, p, sizeof pair);
  return _mm512_set1_epi32(pair);
}
/// One of 16 pairs as f32: the first (`part` 0) or the second of each.
static inline vf vf_load_bf16_pairs(const uint16_t *p, int part) {
  vp pairs = vp_load(p);
  return _mm512_castsi512_ps(
      part == 0 ? _mm512_slli_epi32(pairs, 16)
                : _mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000u)));
}
/// sum + x · y of both parts of each pair; the rounding is the instruction's, or two fused ones.
static inline vf vf_dot_bf16(vf sum, vp x, vp y) {
#ifdef CK_HAS_BF16
  return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)y);
#else
  const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
  sum = _mm512_fmadd_ps(
      _mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)),
      sum);
  return _mm512_fmadd_ps(
      _mm512_castsi512_ps(_mm512_and_si512(x, high)),
      _mm512_castsi512_ps(_mm512_and_si512(y, high)), sum);
#endif
}
#ifndef CK_HAS_BF16
/// x rounded to bf16 in the lower halves of 32 bits.
static inline __m512i rounded_bf16(vf x) {
  __m512i bits = _mm512_castps_si512(x);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_srli_epi32(_mm512_mask_blend_epi32(is_nan, rounded, quiet), 16);
}
#endif
/// x rounded to bf16, ties to even; NaN stays NaN.
static inline void vf_store_bf16(uint16_t *p, vf x) {
#ifdef CK_HAS_BF16
  _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(x));
#else
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(rounded_bf16(x)));
#endif
}
/// Pairs of bf16: those of `first` and `second`, rounded as in vf_store_bf16.
static inline void vp_store_pairs(uint16_t *p, vf first, vf second) {
#ifdef CK_HAS_BF16
  __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first));
  __m512i wide = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second));
  _mm512_storeu_si512(p, _mm512_or_si512(low, _mm512_slli_epi32(wide, 16)));
#else
  __m512i high = _mm512_slli_epi32(rounded_bf16(second), 16);
  _mm512_storeu_si512(p, _mm512_or_si512(rounded_bf16(first), high));
#endif
}
static inline vq vq_load(const int8_t *p) { return _mm512_loadu_si512(p); }
/// The quad at `p` in every lane.
static inline vq vq_set1(const uint8_t *p) {
  int32_t quad;
  memcpy(&quad, p, sizeof quad);
  return _mm512_set1_epi32(quad);
}
/// sum + Σ of the four products of each quad, exactly.
static inline vi vi_dot_u8_i8(vi sum, vq x, vq y) {
#ifdef CK_HAS_VNNI
  return _mm512_dpbusd_epi32(sum, x, y);
#else
  const __m512i low = _mm512_set1_epi16(0xff);
  __m512i even = _mm512_madd_epi16(
      _mm512_and_si512(x, low), _mm512_srai_epi16(_mm512_slli_epi16(y, 8), 8));
  __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(y, 8));
  return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
#endif
}
static inline vf vf_from_vi(vi x) { return _mm512_cvtepi32_ps(x); }
/// Integers that were added to 1.5 · 2^23 as bytes, 128 more than they are; saturated.
static inline void vf_store_codes(uint8_t *p, vf magic) {
  __m512i integers =
      _mm512_sub_epi32(_mm512_castps_si512(magic), _mm512_set1_epi32(0x4b400000));
  __m128i codes = _mm512_cvtsepi32_epi8(integers);
  _mm_storeu_si128((__m128i *)p, _mm_xor_si128(codes, _mm_set1_epi8((char)0x80)));
}
