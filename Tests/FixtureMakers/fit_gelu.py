#!/usr/bin/env python3
"""Prints the coefficients of `vf_gelu` and `vf_gelu_coarse` (Sources/Compute/CKernels/row_math.h).

    .venv/bin/python Tests/FixtureMakers/fit_gelu.py

Both are -Φ(-t) = -erfc(t/√2)/2 for t in 0...T as a polynomial in v = 2t/T - 1: the least greatest difference, by Lawson's
weights over least squares in Chebyshev polynomials. The last column is the greatest difference in float32.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev


def fit(end, degree):
    nodes = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)
    wanted = np.array([-0.5 * math.erfc((node + 1) * end / 2 / math.sqrt(2)) for node in nodes])
    terms = chebyshev.chebvander(nodes, degree)
    weights = np.ones(len(nodes))
    for _ in range(60):
        roots = np.sqrt(weights)
        found, *_ = np.linalg.lstsq(terms * roots[:, None], wanted * roots, rcond=None)
        weights *= np.abs(terms @ found - wanted) + 1e-30
        weights /= weights.sum()
    return chebyshev.cheb2poly(found).astype(np.float32)


def difference(end, coefficients):
    t = np.linspace(0, end, 400_001).astype(np.float32)
    v = (t.astype(np.float64) * np.float32(2 / end) - 1).astype(np.float32)
    sums = np.full_like(v, coefficients[-1])
    for value in coefficients[-2::-1]:
        sums = (sums.astype(np.float64) * v + float(value)).astype(np.float32)
    wanted = np.array([-0.5 * math.erfc(x / math.sqrt(2)) for x in t.astype(np.float64)])
    return np.abs(sums - wanted).max()


for name, end, degree in (("vf_gelu", 5.4, 16), ("vf_gelu_coarse", 4.2, 10)):
    coefficients = fit(end, degree)
    print("%s: T = %g, degree %d, %.2g" % (name, end, degree, difference(end, coefficients)))
    for value in coefficients[::-1]:
        print("    %sf," % np.format_float_scientific(value, unique=True, trim="0"))
