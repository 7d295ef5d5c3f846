"""Statistics of raw samples, as pure functions."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

import numpy as np

# Neither the standard library nor NumPy has Student's t, and SciPy would be installed for one row.
_T95: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t, two-sided 95 %, for 1 to 10 degrees of freedom (any table of the distribution)."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return a percentile, interpolated between the closest ranks (Hyndman and Fan's type 7)."""
    return float(np.percentile(samples, percent))


def relative_error(samples: Sequence[float]) -> float:
    """Return half of the mean's 95 % confidence interval over the mean.

    Infinite below two samples. Beyond 11 samples t is held at its value for 10 degrees of freedom,
    which errs towards caution.
    """
    degrees = len(samples) - 1
    if degrees < 1:
        return math.inf
    t = _T95[min(degrees, len(_T95)) - 1]
    return t * stdev(samples) / math.sqrt(len(samples)) / fmean(samples)
