"""PNG and APNG."""

import struct
from typing import Final

from function.engine.cicp import Cicp
from function.engine.formats import TAIL
from function.engine.formats.format import Format, lazily

_MOST_CHUNKS: Final = 4096  # chunks before the picture among which code points are looked for


def colours(data: bytes) -> Cicp | None:
    """Return the code points of the chunk ``cICP``, which counts before a profile (PNG 3, 4.3).

    One that says nothing that the engine knows is ignored, so that the profile counts.
    """
    at, bits = 8, data[24:25]
    for _ in range(_MOST_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 12]
        if kind == b"cICP" and length == len(body):
            # The samples are RGB: a matrix of another number is an error, and ignored.
            codes = Cicp(body[0], body[1], 0, True, 16 if bits == b"\x10" else 8)  # noqa: FBT003
            return codes if codes.is_known else None
        if not kind or kind == b"IDAT":
            return None
        at += 12 + length
    return None


FORMAT: Final = Format(
    name="png",
    content_types={"png": "image/png"},
    bytes_per_pixel={"png": 7.0, "png-animated": 40.0},
    ms_per_megapixel={"png": 96.0, "png-animated": 65.0},
    moving_kind="png-animated",
    recognises=lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    open_image=lazily("function.engine.formats.png_rows", "open_image"),
    damage=(EOFError, OSError, SyntaxError, ValueError, struct.error),
    colours=colours,
    use_native=lazily("function.engine.formats.png_rows", "decode_here"),
    modules=("function.engine.formats.png_rows",),
    is_cut_short=lambda data: b"IEND" not in data[-TAIL:],
)
