"""Map pictures with HDR or wide primaries, as their code points say, to sRGB.

Brightness is mapped by the EETF of ITU-R BT.2390 (5.4.1), from the picture's own peak to that of an
ordinary screen, on luminance: a colour keeps its hue. Colours that are then outside sRGB are
clipped. The whole mapping is one table of three dimensions, which Pillow applies in C.
"""

import math
from importlib import import_module
from itertools import accumulate, product
from typing import Any, Final

from PIL import Image

from function.engine.cicp import HLG, PQ, TO_SRGB, Cicp

WHITE: Final = 203.0  # nits of diffuse white in HDR, which becomes sRGB's white (ITU-R BT.2408)

BLACK: Final = WHITE / 1000
"""Nits of the darkest that an ordinary screen shows: its contrast is 1000, as libplacebo has it."""

NODES: Final = 25
"""Nodes of the table along each side: docs/engine.md, "HDR", has the error that is left."""

_HLG_NITS, _HLG_GAMMA = 1000.0, 1.2
"""Peak of the display for which HLG has its system gamma (ITU-R BT.2100, table 5), and that."""

_STRAY: Final = 20_000
"""One pixel in so many may be brighter than the peak: a reflex, or the encoder's ringing."""

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # shares of sRGB's primaries in luminance

_OUTSIDE: Final = 4.0
"""Linear light up to which, on both sides of 0, nodes of the cube are not clipped: Pillow clips
what it makes of them. If each node were clipped, greys between nodes would rise and fall."""

_AS_IT_IS: Final = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_NEUTRAL: Final = (0.0, 0.0, 0.0)
_BT601: Final = (1.402, -1.0583, 1.772)
_CHROMA: Final = {0: _NEUTRAL, 1: (1.5748, -0.6554, 1.8556), 9: (1.4746, -0.7359, 1.8814)}
"""By how much red, green and blue grow with both chroma samples, by matrix (H.273, table 4), and of
BT.601, which counts for all others."""

_STEPS: Final = 4096  # steps of the tables that stand for powers while the cube is computed


CUBE_MS: Final = 70.0
"""CPU milliseconds to compute the table, for any size of picture."""


def to_srgb(image: Image.Image, codes: Cicp) -> Image.Image:
    """Return an image whose samples are as ``codes`` say, RGB or RGBA, in sRGB."""
    if not codes.needs_mapping:
        return image
    top = _brightest(image) if codes.is_hdr else 255
    # The cube ends at the brightest sample, so that all its nodes are of use.
    stretched = _stretch(image, codes, 255 / top)
    return stretched.filter(_filters().Color3DLUT(NODES, _cube(codes, top / 255), channels=3))


def _stretch(image: Image.Image, codes: Cicp, gain: float) -> Image.Image:
    """Multiply samples by ``gain``, after what decoders have cut off is added to them.

    Decoders cut luma and chroma down to eight bits before they make RGB of them, and Pillow the
    samples of a PNG: on average, almost half of a level is gone. As red and blue lack more of it
    than green, colours in PQ would be tinted. The chroma of a neutral grey is a round number, which
    loses nothing (docs/engine.md, "HDR").
    """
    shares = _CHROMA.get(codes.matrix, _BT601)
    if codes.bits == 8 or not any(shares):  # noqa: PLR2004 - bits that decoders keep
        return _add_lost(image, codes, _NEUTRAL, gain)
    is_neutral = image.convert("RGB").convert("HSV").getchannel("S").point([255] + [0] * 255)
    stretched = _add_lost(image, codes, shares, gain)
    stretched.paste(_add_lost(image, codes, _NEUTRAL, gain), mask=is_neutral)
    return stretched


def _add_lost(
    image: Image.Image, codes: Cicp, shares: tuple[float, float, float], gain: float
) -> Image.Image:
    """Add the mean of the bits that are lost, with so much of the chroma's, and multiply."""
    lost = (1 - 2.0 ** (8 - codes.bits)) / 2
    if codes.full_range:
        gain *= 255 * 2 ** (codes.bits - 8) / (2**codes.bits - 1)  # the eight high bits alone
        added = [lost * (1 + share) for share in shares]
    else:
        added = [lost * (255 / 219 + share * 255 / 224) for share in shares]
    levels = range(256)
    curves = [min(255, max(0, round((level + more) * gain))) for more in added for level in levels]
    alpha = [*levels] * (len(image.getbands()) - len(added))
    return image.point(curves + alpha)


def _brightest(image: Image.Image) -> int:
    """Return the level, 1 to 255, above which there are only strays in each channel."""
    seen = image.getchannel("A") if image.mode == "RGBA" else None  # not the fully transparent
    histogram = image.histogram(seen)
    most = sum(histogram[:256]) // _STRAY
    brightest = 1
    for start in (0, 256, 512):
        above = accumulate(
            reversed(histogram[start : start + 256])
        )  # pixels of 255, of 254 and 255
        levels = (255 - index for index, count in enumerate(above) if count > most)
        brightest = max(brightest, next(levels, 1))
    return brightest


def _cube(codes: Cicp, top: float) -> list[float]:
    """Return sRGB for each node of a cube of samples from 0 to ``top``; red changes fastest."""
    (rr, rg, rb), (gr, gg, gb), (br, bg, bb) = TO_SRGB.get(codes.primaries, _AS_IT_IS)
    eotf = {PQ: _pq_to_nits, HLG: _hlg_to_scene}.get(codes.transfer, _srgb_to_linear)
    light = [eotf(top * node / (NODES - 1)) for node in range(NODES)]
    gains, roots = _gains(codes, light[-1]), _STEPS / math.sqrt(light[-1])
    srgb = [_linear_to_srgb(_OUTSIDE * (step / _STEPS) ** 2) for step in range(_STEPS + 1)]
    cube: list[float] = []
    for b, g, r in product(light, repeat=3):
        red = rr * r + rg * g + rb * b
        green = gr * r + gg * g + gb * b
        blue = br * r + bg * g + bb * b
        luminance = _RED * red + _GREEN * green + _BLUE * blue
        gain = gains[round(roots * math.sqrt(max(luminance, 0.0)))]
        for part in (red, green, blue):
            shown = gain / _OUTSIDE * part
            level = srgb[round(_STEPS * math.sqrt(min(abs(shown), 1.0)))]
            cube.append(level if shown >= 0 else -level)
    return cube


def _gains(codes: Cicp, most: float) -> list[float]:
    """Return a table, by the root of luminance from 0 to ``most``, of what to multiply light by."""
    if not codes.is_hdr:
        return [1.0] * (_STEPS + 1)
    peak = _to_nits(most, codes)
    steps = [most * (max(step, 0.5) / _STEPS) ** 2 for step in range(_STEPS + 1)]
    return [_shown(_to_nits(luminance, codes), peak) / luminance for luminance in steps]


def _to_nits(luminance: float, codes: Cicp) -> float:
    """Return nits for luminance as decoded, by HLG's system gamma if it is that of a scene."""
    return _HLG_NITS * luminance**_HLG_GAMMA if codes.transfer == HLG else luminance


def _shown(nits: float, peak: float) -> float:
    """Return linear light of an ordinary screen, 0 to 1, by the EETF of BT.2390."""
    span = _nits_to_pq(max(peak, WHITE))
    level, white, black = (_nits_to_pq(value) / span for value in (nits, WHITE, BLACK))
    level = min(level, 1.0)
    knee = 1.5 * white - 0.5
    if level > knee and white < 1:
        at = (level - knee) / (1 - knee)
        start, slope, end = 2 * at**3 - 3 * at**2 + 1, at**3 - 2 * at**2 + at, 3 * at**2 - 2 * at**3
        level = start * knee + slope * (1 - knee) + end * white
    level += black * (1 - level) ** 4
    return (_pq_to_nits(level * span) - BLACK) / (WHITE - BLACK)


_M1, _M2 = 2610 / 16_384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_nits(code: float) -> float:
    """Return the luminance of a PQ code (ITU-R BT.2100, table 4)."""
    root = code ** (1 / _M2)
    return 10_000 * (max(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _nits_to_pq(nits: float) -> float:
    """Return the PQ code of a luminance."""
    part = (nits / 10_000) ** _M1
    return ((_C1 + _C2 * part) / (1 + _C3 * part)) ** _M2


def _hlg_to_scene(code: float) -> float:
    """Return light of the scene, 0 to 1 (ITU-R BT.2100, table 5, inverse OETF)."""
    if code <= 0.5:  # noqa: PLR2004 - where the square root ends and the logarithm begins
        return code * code / 3
    return (math.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _srgb_to_linear(code: float) -> float:
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


def _linear_to_srgb(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055  # noqa: PLR2004


def _filters() -> Any:
    """Import Pillow's filters with the first such picture: most uploads never need them."""
    return import_module("PIL.ImageFilter")
