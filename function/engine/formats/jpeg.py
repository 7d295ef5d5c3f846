"""JPEG, which includes MPO: a phone's JPEG with more pictures behind it is its first picture."""

from typing import Final

from function.engine.formats import TAIL
from function.engine.formats.format import Format, lazily

_GAIN_MAP: Final = "function.engine.formats.jpeg_gain_map"
_LOSSES: Final = "function.engine.formats.jpeg_losses"
_SCALED: Final = "function.engine.formats.jpeg_scaled"
_SEGMENTS: Final = "function.engine.formats.jpeg_segments"

FORMAT: Final = Format(
    name="jpeg",
    content_types={"jpg": "image/jpeg", "jpeg": "image/jpeg"},
    # A baseline JPEG is scaled while it is decoded; of a progressive one, or one of several scans,
    # libjpeg keeps all coefficients.
    bytes_per_pixel={"jpeg": 1.5, "jpeg-cmyk": 2.6, "jpeg-progressive": 11.0},
    ms_per_megapixel={"jpeg": 16.0, "jpeg-cmyk": 23.0, "jpeg-progressive": 67.0},
    planes=frozenset({"jpeg", "jpeg-progressive"}),
    recognises=lambda data: data.startswith(b"\xff\xd8\xff"),
    open_image=lazily(_SCALED, "open_image"),
    damage=(OSError, SyntaxError),
    is_cut_short=lambda data: b"\xff\xd9" not in data[-TAIL:],
    kind_of=lazily(_SEGMENTS, "kind_of"),
    load_scaled=lazily(_SCALED, "load_scaled"),
    losses=lazily(_LOSSES, "losses"),
    find_gain_map=lazily(_GAIN_MAP, "find_gain_map"),
    load_gain_map=lazily(_GAIN_MAP, "load_gain_map"),
    modules=(_SCALED, _LOSSES, _GAIN_MAP),
)
