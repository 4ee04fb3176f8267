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

/// GELU in its exact form, x · Φ(x) = x/2 · (1 + erf(x/√2)).
///
/// Source of erf: N. Juffa's single-precision erff (NVIDIA developer forums and Stack Overflow
/// 35148198, simplified BSD licence): z + z·P(z²) up to 0.9277, beyond it 1 − e^Q(|z|), each
/// within 1 unit in the last place. On the negative side 1 + erf is taken as e^Q itself, which
/// keeps the digits that a subtraction from 1 would lose.
static inline vf vf_gelu(vf x) {
  vf z = vf_mul(x, vf_set1(0.70710678118654752f));
  vf t = vf_abs(z);
  vf s = vf_mul(z, z);

  vf p = vf_set1(-5.96761703e-4f);
  p = vf_fma(p, s, vf_set1(4.99119423e-3f));
  p = vf_fma(p, s, vf_set1(-2.67681349e-2f));
  p = vf_fma(p, s, vf_set1(1.12819925e-1f));
  p = vf_fma(p, s, vf_set1(-3.76125336e-1f));
  p = vf_fma(p, s, vf_set1(1.28379166e-1f));
  vf near = vf_add(vf_set1(1.0f), vf_fma(p, z, z));

  vf q = vf_fma(vf_set1(-1.72853470e-5f), t, vf_set1(3.83197126e-4f));
  vf u = vf_fma(vf_set1(-3.88396438e-3f), t, vf_set1(2.42546219e-2f));
  q = vf_fma(q, s, u);
  q = vf_fma(q, t, vf_set1(-1.06777877e-1f));
  q = vf_fma(q, t, vf_set1(-6.34846687e-1f));
  q = vf_fma(q, t, vf_set1(-1.28717512e-1f));
  q = vf_sub(vf_mul(q, t), t);
  vf tail = vf_exp(q);
  vf far = vf_select_less(z, vf_set1(0.0f), tail, vf_sub(vf_set1(2.0f), tail));

  vf both = vf_select_less(vf_set1(0.927734375f), t, far, near);
  return vf_mul(vf_mul(vf_set1(0.5f), x), both);
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

/// 1/(1 + e^−x), through e^−|x| so that neither side overflows nor loses digits.
static inline vf vf_sigmoid(vf x) {
  vf one = vf_set1(1.0f);
  vf e = vf_exp(vf_sub(vf_set1(0.0f), vf_abs(x)));
  vf numerator = vf_select_less(x, vf_set1(0.0f), e, one);
  return vf_div(numerator, vf_add(one, e));
}

/// GELU by tanh, x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) = x · sigmoid of twice that angle,
/// which keeps the digits that the sum loses on the negative side.
static inline vf vf_gelu_tanh(vf x) {
  vf cubic = vf_fma(vf_mul(vf_set1(0.044715f), vf_mul(x, x)), x, x);
  return vf_mul(x, vf_sigmoid(vf_mul(vf_set1(1.5957691216057308f), cubic)));
}

/// x · sigmoid(x).
static inline vf vf_silu(vf x) { return vf_mul(x, vf_sigmoid(x)); }

/// max(x, 0); NaN stays NaN.
static inline vf vf_relu(vf x) { return vf_max(vf_set1(0.0f), x); }
