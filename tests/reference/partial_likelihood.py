"""Cox's partial likelihood written down term by term, ties by Efron or Breslow: slow, obvious, no library."""

import math


def log_likelihood(rows, b, *, ties):
    """Return the log likelihood of rows (time, left, x) at coefficient b."""
    total = 0.0
    for moment in sorted({t for t, left, _ in rows if left}):
        tied = [x for t, left, x in rows if t == moment and left]
        here = sum(math.exp(b * x) for t, _, x in rows if t >= moment)
        own = sum(math.exp(b * x) for x in tied)
        for k, x in enumerate(tied):
            total += b * x - math.log(here - (k / len(tied) if ties == "efron" else 0) * own)
    return total


def maximum(rows, *, ties, low=-20.0, high=20.0):
    """Return the b with the largest likelihood, by golden section (it is concave)."""
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        a, c = high - ratio * (high - low), low + ratio * (high - low)
        if log_likelihood(rows, a, ties=ties) < log_likelihood(rows, c, ties=ties):
            low = a
        else:
            high = c
    return (low + high) / 2
