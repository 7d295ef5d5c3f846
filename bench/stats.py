"""Statistics of raw samples, as pure functions."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

_T95: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t, two-sided 95 %, for 1 to 10 degrees of freedom (any table of the distribution)."""
_T95_BEYOND: Final = 2.228


def percentile(samples: Sequence[float], percent: float) -> float:
    """Linear interpolation between closest ranks (Hyndman and Fan's type 7, NumPy's default)."""
    ordered = sorted(samples)
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def relative_error(samples: Sequence[float]) -> float:
    """Half of the mean's 95 % confidence interval over the mean; infinite below two samples.

    Beyond 11 samples t is held at its value for 10 degrees of freedom, which errs towards caution.
    """
    degrees = len(samples) - 1
    if degrees < 1:
        return math.inf
    t = _T95[degrees - 1] if degrees <= len(_T95) else _T95_BEYOND
    return t * stdev(samples) / math.sqrt(len(samples)) / fmean(samples)
