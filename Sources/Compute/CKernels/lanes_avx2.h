// The 16 virtual lanes as two vectors of eight. Same operations as lanes_avx512.h, which says
// what each does.

typedef struct {
  __m256 a;  // lanes 0–7
  __m256 b;  // lanes 8–15
} vf;

/// Lanes below `count` of a half are all ones, the others zero; `count` is at most 8.
static inline __m256i half_mask(size_t count) {
  const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), index);
}
static inline size_t low_count(size_t count) { return count < 8 ? count : 8; }
static inline size_t high_count(size_t count) { return count < 8 ? 0 : count - 8; }

static inline vf vf_set1(float value) {
  return (vf){_mm256_set1_ps(value), _mm256_set1_ps(value)};
}
static inline vf vf_load(const float *p) {
  return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
static inline void vf_store(float *p, vf x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
static inline vf vf_load_part(const float *p, size_t count) {
  vf r = {_mm256_maskload_ps(p, half_mask(low_count(count))), _mm256_setzero_ps()};
  if (count > 8) r.b = _mm256_maskload_ps(p + 8, half_mask(count - 8));
  return r;
}
static inline void vf_store_part(float *p, vf x, size_t count) {
  _mm256_maskstore_ps(p, half_mask(low_count(count)), x.a);
  if (count > 8) _mm256_maskstore_ps(p + 8, half_mask(count - 8), x.b);
}
static inline vf vf_keep(vf x, vf otherwise, size_t count) {
  __m256 low = _mm256_castsi256_ps(half_mask(low_count(count)));
  __m256 high = _mm256_castsi256_ps(half_mask(high_count(count)));
  return (vf){_mm256_blendv_ps(otherwise.a, x.a, low), _mm256_blendv_ps(otherwise.b, x.b, high)};
}
static inline vf vf_add(vf x, vf y) {
  return (vf){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}
static inline vf vf_sub(vf x, vf y) {
  return (vf){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}
static inline vf vf_mul(vf x, vf y) {
  return (vf){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}
static inline vf vf_div(vf x, vf y) {
  return (vf){_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}
static inline vf vf_fma(vf x, vf y, vf z) {
  return (vf){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
static inline vf vf_max(vf x, vf y) {
  return (vf){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}
static inline vf vf_min(vf x, vf y) {
  return (vf){_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}
static inline __m256 half_max_or_nan(__m256 x, __m256 y) {
  __m256 ordered = _mm256_cmp_ps(x, x, _CMP_ORD_Q);
  return _mm256_blendv_ps(x, y, _mm256_and_ps(ordered, _mm256_cmp_ps(y, x, _CMP_NLE_UQ)));
}
static inline vf vf_max_or_nan(vf x, vf y) {
  return (vf){half_max_or_nan(x.a, y.a), half_max_or_nan(x.b, y.b)};
}
static inline vf vf_sqrt(vf x) { return (vf){_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
static inline vf vf_abs(vf x) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return (vf){_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
static inline vf vf_copysign(vf magnitude, vf sign) {
  const __m256 bit = _mm256_set1_ps(-0.0f);
  vf m = vf_abs(magnitude);
  return (vf){
      _mm256_or_ps(m.a, _mm256_and_ps(bit, sign.a)),
      _mm256_or_ps(m.b, _mm256_and_ps(bit, sign.b))};
}
static inline vf vf_select_less(vf x, vf y, vf yes, vf no) {
  return (vf){
      _mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
      _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
static inline __m256 half_power_of_two(__m256 magic) {
  __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(magic), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_set1_epi32(0x3f800000)));
}
static inline vf vf_power_of_two(vf magic) {
  return (vf){half_power_of_two(magic.a), half_power_of_two(magic.b)};
}
static inline float vf_sum(vf x) {
  __m256 eight = _mm256_add_ps(x.a, x.b);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
static inline float vf_greatest(vf x) {
  __m256 eight = _mm256_max_ps(x.a, x.b);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

static inline vf vf_load_f16(const uint16_t *p) {
  return (vf){
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)))};
}
static inline vf vf_load_f16_part(const uint16_t *p, size_t count) {
  uint16_t filled[CK_LANES] = {0};
  for (size_t i = 0; i < count; i++) filled[i] = p[i];
  return vf_load_f16(filled);
}
static inline __m256 half_from_bf16(const uint16_t *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
static inline vf vf_load_bf16(const uint16_t *p) {
  return (vf){half_from_bf16(p), half_from_bf16(p + 8)};
}
static inline vf vf_load_bf16_part(const uint16_t *p, size_t count) {
  uint16_t filled[CK_LANES] = {0};
  for (size_t i = 0; i < count; i++) filled[i] = p[i];
  return vf_load_bf16(filled);
}

/// 8×8, by interleaving elements, pairs and halves.
static inline void transpose_quarter(
    float *out, size_t out_stride, const float *x, size_t x_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(x + (size_t)i * x_stride);
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(out + (size_t)i * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(
        out + (size_t)(i + 4) * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}
static inline void transpose_block(
    float *out, size_t out_stride, const float *x, size_t x_stride) {
  for (size_t r = 0; r < CK_LANES; r += 8) {
    for (size_t c = 0; c < CK_LANES; c += 8) {
      transpose_quarter(out + c * out_stride + r, out_stride, x + r * x_stride + c, x_stride);
    }
  }
}

// Pairs of bf16, quads of bytes, and sums of the latter, one in each lane.

typedef struct {
  __m256i a;
  __m256i b;
} vp;
typedef vp vi;
typedef vp vq;

static inline vf vf_zero(void) { return vf_set1(0.0f); }
static inline vi vi_zero(void) { return (vi){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
static inline vp vp_load_bytes(const void *p) {
  const __m256i *halves = p;
  return (vp){_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}
static inline vp vp_load(const uint16_t *p) { return vp_load_bytes(p); }
static inline vp vp_set1_bytes(const void *p) {
  int32_t bits;
  memcpy(&bits, p, sizeof bits);
  return (vp){_mm256_set1_epi32(bits), _mm256_set1_epi32(bits)};
}
static inline vp vp_set1(const uint16_t *p) { return vp_set1_bytes(p); }
static inline __m256 first_of_pairs(__m256i pairs) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
}
static inline __m256 second_of_pairs(__m256i pairs) {
  return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000u)));
}
static inline vf vf_load_bf16_pairs(const uint16_t *p, int part) {
  vp pairs = vp_load(p);
  return part == 0 ? (vf){first_of_pairs(pairs.a), first_of_pairs(pairs.b)}
                   : (vf){second_of_pairs(pairs.a), second_of_pairs(pairs.b)};
}
static inline __m256 half_dot_bf16(__m256 sum, __m256i x, __m256i y) {
  sum = _mm256_fmadd_ps(first_of_pairs(x), first_of_pairs(y), sum);
  return _mm256_fmadd_ps(second_of_pairs(x), second_of_pairs(y), sum);
}
static inline vf vf_dot_bf16(vf sum, vp x, vp y) {
  return (vf){half_dot_bf16(sum.a, x.a, y.a), half_dot_bf16(sum.b, x.b, y.b)};
}
static inline __m256i half_to_bf16(__m256 x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
}
static inline void vf_store_bf16(uint16_t *p, vf x) {
  // Packing works within 128 bits; the permutation puts the quarters in order.
  __m256i packed = _mm256_packus_epi32(half_to_bf16(x.a), half_to_bf16(x.b));
  _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(packed, 0xd8));
}
/// Pairs of bf16: those of `first` and `second`, rounded as in vf_store_bf16.
static inline void vp_store_pairs(uint16_t *p, vf first, vf second) {
  __m256i low = _mm256_or_si256(
      half_to_bf16(first.a), _mm256_slli_epi32(half_to_bf16(second.a), 16));
  __m256i high = _mm256_or_si256(
      half_to_bf16(first.b), _mm256_slli_epi32(half_to_bf16(second.b), 16));
  _mm256_storeu_si256((__m256i *)p, low);
  _mm256_storeu_si256((__m256i *)(p + CK_LANES), high);
}
static inline vq vq_load(const int8_t *p) { return vp_load_bytes(p); }
static inline vq vq_set1(const uint8_t *p) { return vp_set1_bytes(p); }
static inline __m256i half_dot_u8_i8(__m256i sum, __m256i x, __m256i y) {
  // Not _mm256_maddubs_epi16, whose sums of two saturate.
  __m256i even = _mm256_madd_epi16(
      _mm256_and_si256(x, _mm256_set1_epi16(0xff)),
      _mm256_srai_epi16(_mm256_slli_epi16(y, 8), 8));
  __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(y, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
static inline vi vi_dot_u8_i8(vi sum, vq x, vq y) {
  return (vi){half_dot_u8_i8(sum.a, x.a, y.a), half_dot_u8_i8(sum.b, x.b, y.b)};
}
static inline vf vf_from_vi(vi x) {
  return (vf){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)};
}
static inline void vf_store_codes(uint8_t *p, vf magic) {
  const __m256i zero = _mm256_set1_epi32(0x4b400000);
  // Packing works within 128 bits; the permutation puts the quarters in order.
  __m256i words = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(
          _mm256_sub_epi32(_mm256_castps_si256(magic.a), zero),
          _mm256_sub_epi32(_mm256_castps_si256(magic.b), zero)),
      0xd8);
  __m128i codes =
      _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128((__m128i *)p, _mm_xor_si128(codes, _mm_set1_epi8((char)0x80)));
}
