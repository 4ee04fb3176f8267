// Elementary functions on vectors of lanes. Every element goes through the same operations in
// every instruction set and at every place in a vector.

/// e^x for x ≤ 88; 0 below −87.336 (the least normal result). NaN stays NaN.
///
/// Source: Cephes 2.8 single/expf.c (S. Moshier): x = n·ln 2 + r with ln 2 in two parts, and its
/// polynomial of degree 5 for (e^r − 1 − r)/r². Within 2 units in the last place (tested).
static inline vf vf_exp(vf x) {
  const vf least = vf_set1(-87.33654f);
  // Adding 1.5 · 2^23 leaves the nearest integer in the low bits.
  const vf magic = vf_set1(0x1.8p23f);
  vf clamped = vf_max(least, x);
  vf rounded = vf_fma(clamped, vf_set1(1.44269504088896341f), magic);
  vf n = vf_sub(rounded, magic);
  vf r = vf_fma(n, vf_set1(-0.693359375f), clamped);
  r = vf_fma(n, vf_set1(2.12194440e-4f), r);
  vf p = vf_set1(1.9875691500e-4f);
  p = vf_fma(p, r, vf_set1(1.3981999507e-3f));
  p = vf_fma(p, r, vf_set1(8.3334519073e-3f));
  p = vf_fma(p, r, vf_set1(4.1665795894e-2f));
  p = vf_fma(p, r, vf_set1(1.6666665459e-1f));
  p = vf_fma(p, r, vf_set1(5.0000001201e-1f));
  p = vf_fma(p, vf_mul(r, r), r);
  p = vf_add(p, vf_set1(1.0f));
  vf result = vf_mul(p, vf_power_of_two(rounded));
  return vf_select_less(x, least, vf_set1(0.0f), result);
}

/// 2^y for y ≤ 0, and no less than 2^−126. NaN stays NaN.
///
/// y is a whole number and a fraction of at most a half, of which a polynomial gives the power.
__attribute__((always_inline)) static inline vf power_by_polynomial(
    vf y, const float *coefficients, const int count) {
  // Adding 1.5 · 2^23 leaves the nearest integer in the low bits.
  const vf magic = vf_set1(0x1.8p23f);
  y = vf_max(vf_set1(-126.0f), y);
  vf rounded = vf_add(y, magic);
  vf fraction = vf_sub(y, vf_sub(rounded, magic));
  vf p = vf_set1(coefficients[0]);
#pragma clang loop unroll(full)
  for (int i = 1; i < count; i++) p = vf_fma(p, fraction, vf_set1(coefficients[i]));
  return vf_mul(p, vf_power_of_two(rounded));
}

/// The same within 2e-7 of the result.
///
/// Source: Tests/FixtureMakers/fit_functions.py, as of the one below.
static inline vf vf_power(vf y) {
  static const float coefficients[] = {
    1.5345812e-04f, 1.3399931e-03f, 9.618489e-03f, 5.5503286e-02f, 2.4022646e-01f,
    6.931472e-01f, 1.0f,};
  return power_by_polynomial(y, coefficients, 7);
}

/// The same within 8e-5 of the result: for what is rounded to bf16.
static inline vf vf_power_coarse(vf y) {
  static const float coefficients[] = {
    5.517167e-02f, 2.4261113e-01f, 6.9326097e-01f, 9.9992806e-01f,};
  return power_by_polynomial(y, coefficients, 4);
}

/// x · Φ(x) from a polynomial for −Φ(−t), t = |x| up to `end`, in v = t · 2/`end` − 1: the greatest
/// of x and 0 is lowered by t · Φ(−t) on either side.
__attribute__((always_inline)) static inline vf gelu_by_polynomial(
    vf x, float end, const float *coefficients, const int count) {
  vf t = vf_min(vf_set1(end), vf_abs(x));
  vf v = vf_fma(t, vf_set1(2.0f / end), vf_set1(-1.0f));
  vf p = vf_set1(coefficients[0]);
#pragma clang loop unroll(full)
  for (int i = 1; i < count; i++) p = vf_fma(p, v, vf_set1(coefficients[i]));
  return vf_fma(t, p, vf_max(vf_set1(0.0f), x));
}

/// GELU in its exact form, x · Φ(x) = x/2 · (1 + erf(x/√2)), within 1.4e-7 · |x|, 4e-7 at
/// most.
///
/// Source: Tests/FixtureMakers/fit_functions.py, as of the one below.
static inline vf vf_gelu(vf x) {
  static const float coefficients[] = {
    1.8827796e-04f, 5.601793e-03f, -7.19812e-03f, -2.6727188e-02f, 4.514256e-02f,
    3.6816433e-02f, -1.2323715e-01f, 4.779063e-02f, 1.3685875e-01f, -2.1156287e-01f,
    7.150504e-02f, 1.5494117e-01f, -2.6723278e-01f, 2.15003e-01f, -1.02559626e-01f,
    2.8137054e-02f, -3.4669605e-03f,};
  return gelu_by_polynomial(x, 5.4f, coefficients, 17);
}

/// The same within 6e-6 · |x|, 6e-5 at most: for products in bf16 and int8, whose own
/// rounding is some hundred times as coarse.
static inline vf vf_gelu_coarse(vf x) {
  static const float coefficients[] = {
    4.507551e-03f, 9.964019e-03f, -3.523644e-02f, -1.7849851e-02f, 1.0819069e-01f,
    -6.711404e-02f, -1.059763e-01f, 2.3268928e-01f, -2.0362715e-01f, 9.2308976e-02f,
    -1.786502e-02f,};
  return gelu_by_polynomial(x, 4.2f, coefficients, 11);
}

/// Hyperbolic tangent.
///
/// Source: Cephes 2.8 single/tanhf.c: an odd polynomial below 0.625, 1 − 2/(e^2|x| + 1) above.
static inline vf vf_tanh(vf x) {
  vf t = vf_abs(x);
  vf s = vf_mul(x, x);
  vf p = vf_set1(-5.70498872745e-3f);
  p = vf_fma(p, s, vf_set1(2.06390887954e-2f));
  p = vf_fma(p, s, vf_set1(-5.37397155531e-2f));
  p = vf_fma(p, s, vf_set1(1.33314422036e-1f));
  p = vf_fma(p, s, vf_set1(-3.33332819422e-1f));
  vf near = vf_fma(vf_mul(p, s), x, x);

  // From 10 on the result rounds to 1; the bound keeps e^2t in range, and NaN stays NaN.
  vf bounded = vf_min(vf_set1(10.0f), t);
  vf e = vf_exp(vf_add(bounded, bounded));
  vf one = vf_set1(1.0f);
  vf far = vf_sub(one, vf_div(vf_set1(2.0f), vf_add(e, one)));
  return vf_select_less(t, vf_set1(0.625f), near, vf_copysign(far, x));
}

/// 1/(1 + e^−x) from e = e^−|x|, so that neither side overflows nor loses digits.
static inline vf sigmoid_from(vf x, vf e) {
  vf numerator = vf_select_less(x, vf_set1(0.0f), e, vf_set1(1.0f));
  return vf_div(numerator, vf_add(vf_set1(1.0f), e));
}
static inline vf vf_sigmoid(vf x) {
  return sigmoid_from(x, vf_exp(vf_sub(vf_set1(0.0f), vf_abs(x))));
}

/// GELU by tanh, x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) = x · sigmoid of twice that angle,
/// which keeps the digits that the sum loses on the negative side.
static inline vf twice_gelu_angle(vf x) {
  vf cubic = vf_fma(vf_mul(vf_set1(0.044715f), vf_mul(x, x)), x, x);
  return vf_mul(vf_set1(1.5957691216057308f), cubic);
}
static inline vf vf_gelu_tanh(vf x) { return vf_mul(x, vf_sigmoid(twice_gelu_angle(x))); }

/// x · sigmoid(x).
static inline vf vf_silu(vf x) { return vf_mul(x, vf_sigmoid(x)); }

/// The last three where products are coarser than f32, by the exponential of `vf_power_coarse`.
static inline vf vf_sigmoid_coarse(vf x) {
  return sigmoid_from(x, vf_power_coarse(vf_mul(vf_abs(x), vf_set1(-1.44269504088896341f))));
}
static inline vf vf_gelu_tanh_coarse(vf x) {
  return vf_mul(x, vf_sigmoid_coarse(twice_gelu_angle(x)));
}
static inline vf vf_silu_coarse(vf x) { return vf_mul(x, vf_sigmoid_coarse(x)); }

/// max(x, 0); NaN stays NaN.
static inline vf vf_relu(vf x) { return vf_max(vf_set1(0.0f), x); }
