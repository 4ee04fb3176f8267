// What the processor can do at most: sums that wait for nothing but their own instruction.

#define CK_PEAK(name, acc, zero, add, as_floats, operations)                                    \
  static double CK_NAME(name)(size_t rounds, float *sink) {                                     \
    acc sum[CK_PACKED_HEIGHT * CK_PACKED_WIDTH];                                                \
    CK_UNROLL(i, CK_PACKED_HEIGHT * CK_PACKED_WIDTH) sum[i] = zero;                             \
    for (size_t r = 0; r < rounds; r++) {                                                       \
      CK_UNROLL(i, CK_PACKED_HEIGHT * CK_PACKED_WIDTH) sum[i] = add;                            \
    }                                                                                           \
    float total = 0;                                                                            \
    CK_UNROLL(i, CK_PACKED_HEIGHT * CK_PACKED_WIDTH) total += vf_sum(as_floats(sum[i]));        \
    *sink = total;                                                                              \
    return (double)rounds * (CK_PACKED_HEIGHT * CK_PACKED_WIDTH * CK_LANES * (operations));     \
  }

#define CK_AS_IS(x) (x)
static const float ck_peak_ones[CK_LANES] = {1};
static const uint16_t ck_peak_pair[2] = {0x3f80, 0x3f80};
static const uint8_t ck_peak_quad[4] = {1, 1, 1, 1};
static const int8_t ck_peak_codes[4 * CK_LANES] = {1};

CK_PEAK(peak_f32, vf, vf_zero(), vf_fma(vf_load(ck_peak_ones), vf_set1(0.5f), sum[i]), CK_AS_IS, 2)
CK_PEAK(
    peak_bf16, vf, vf_zero(), vf_dot_bf16(sum[i], vp_set1(ck_peak_pair), vp_set1(ck_peak_pair)),
    CK_AS_IS, 4)
CK_PEAK(
    peak_int8, vi, vi_zero(), vi_dot_u8_i8(sum[i], vq_set1(ck_peak_quad), vq_load(ck_peak_codes)),
    vf_from_vi, 8)

#undef CK_AS_IS
#undef CK_PEAK
