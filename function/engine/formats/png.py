"""PNG and APNG."""

import struct
from typing import Final

from function.engine.formats import TAIL
from function.engine.formats.format import Format, lazily

FORMAT: Final = Format(
    name="png",
    content_types={"png": "image/png"},
    bytes_per_pixel={"png": 6.0, "png-animated": 40.0},
    ms_per_megapixel={"png": 96.0, "png-animated": 65.0},
    moving_kind="png-animated",
    recognises=lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    open_image=lazily("function.engine.formats.png_rows", "open_image"),
    damage=(EOFError, OSError, SyntaxError, ValueError, struct.error),
    use_native=lazily("function.engine.formats.png_rows", "decode_here"),
    modules=("function.engine.formats.png_rows",),
    is_cut_short=lambda data: b"IEND" not in data[-TAIL:],
)
