#!/usr/bin/env python3
"""Prints the coefficients of `vf_gelu`, `vf_power` and their coarse forms (Sources/Compute/CKernels/row_math.h).

    .venv/bin/python Tests/FixtureMakers/fit_functions.py

GELUs are -Φ(-t) = -erfc(t/√2)/2 for t in 0...T as a polynomial in v = 2t/T - 1, with the least greatest difference; powers
are 2^f for f in -1/2...1/2 as one in f, with the least greatest relative difference: both by Lawson's weights over least
squares.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev


NODES = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)


def lawson(terms, wanted, rounds):
    """The sum of the terms whose greatest difference to what is wanted is least."""
    weights = np.ones(len(wanted))
    for _ in range(rounds):
        roots = np.sqrt(weights)
        found, *_ = np.linalg.lstsq(terms * roots[:, None], wanted * roots, rcond=None)
        weights *= np.abs(terms @ found - wanted) + 1e-30
        weights /= weights.sum()
    return found


def fit_gelu(end, degree):
    wanted = np.array([-0.5 * math.erfc((node + 1) * end / 2 / math.sqrt(2)) for node in NODES])
    return chebyshev.cheb2poly(lawson(chebyshev.chebvander(NODES, degree), wanted, 60)).astype(np.float32)


def fit_power(degree):
    """Relative: the terms and what is wanted are divided by 2^f."""
    terms = np.vander(NODES / 2, degree + 1, increasing=True) / 2.0 ** (NODES / 2)[:, None]
    found = lawson(terms, np.ones(len(NODES)), 200)
    return found.astype(np.float32), np.abs(terms @ found - 1).max()


def difference(end, coefficients):
    t = np.linspace(0, end, 400_001).astype(np.float32)
    v = (t.astype(np.float64) * np.float32(2 / end) - 1).astype(np.float32)
    sums = np.full_like(v, coefficients[-1])
    for value in coefficients[-2::-1]:
        sums = (sums.astype(np.float64) * v + float(value)).astype(np.float32)
    wanted = np.array([-0.5 * math.erfc(x / math.sqrt(2)) for x in t.astype(np.float64)])
    return np.abs(sums - wanted).max()


for name, end, degree in (("vf_gelu", 5.4, 16), ("vf_gelu_coarse", 4.2, 10)):
    coefficients = fit_gelu(end, degree)
    print("%s: T = %g, degree %d, %.2g" % (name, end, degree, difference(end, coefficients)))
    for value in coefficients[::-1]:
        print("    %sf," % np.format_float_scientific(value, unique=True, trim="0"))

for name, degree in (("vf_power", 6), ("vf_power_coarse", 3)):
    coefficients, greatest = fit_power(degree)
    print("%s: degree %d, %.2g before rounding" % (name, degree, greatest))
    for value in coefficients[::-1]:
        print("    %sf," % np.format_float_scientific(value, unique=True, trim="0"))
