"""Structural similarity of two images' luma, as Wang et al. (2004) define it.

Gaussian window of 11 taps with sigma 1.5, K1 = 0.01, K2 = 0.03, no padding: only windows that lie
wholly inside count. 1.0 means equal.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TAPS: Final = 11
_SIGMA: Final = 1.5
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Mean SSIM of the luma of two images of equal size, 11 pixels a side at least.

    Raises:
        ValueError: the sizes differ; a comparison would then measure the shift, not the quality.
    """
    if first.size != second.size:
        raise ValueError(f"sizes differ: {first.size} and {second.size}")
    x, y = _luma(first), _luma(second)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x**2
    variance_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)) / (
        (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    )
    return float(similarity.mean())


def _luma(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image.convert("RGB").convert("L"), dtype=np.float64)


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    offsets = np.arange(_TAPS) - _TAPS // 2
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    for axis in (0, 1):
        views = np.lib.stride_tricks.sliding_window_view(values, _TAPS, axis=axis)
        values = views @ window
    return values
