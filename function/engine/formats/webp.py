"""WebP: lossy, lossless and animated."""

from typing import Final

from function.engine.errors import Reason, Rejected
from function.engine.formats.format import Format, lazily, little_endian, plugin

_PLANES: Final = "function.engine.formats.webp_planes"


def read_size(data: bytes) -> tuple[int, int]:
    """Return the size that the first chunk states; reject others as ``broken_image``."""
    chunk, body = data[12:16], data[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return 1 + little_endian(body[4:7]), 1 + little_endian(body[7:10])
    if chunk == b"VP8L":
        bits = little_endian(body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return little_endian(body[6:8]) & 0x3FFF, little_endian(body[8:10]) & 0x3FFF
    message = "This WebP image starts with a chunk that may not come first."
    raise Rejected(Reason.BROKEN_IMAGE, message)


FORMAT: Final = Format(
    name="webp",
    title="WebP",
    content_types={"webp": "image/webp"},
    # Pillow reads WebP through libwebp's animation decoder, which keeps two more canvases; lossy
    # stills without alpha are decoded as the planes that they store (webp_planes.py).
    bytes_per_pixel={"webp": 9.0, "webp-planes": 4.2, "webp-animated": 32.0},
    ms_per_megapixel={"webp": 98.0, "webp-planes": 45.0, "webp-animated": 57.0},
    planes=frozenset({"webp-planes"}),
    moving_kind="webp-animated",
    recognises=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    open_image=plugin("PIL.WebPImagePlugin", "WebPImageFile"),
    damage=(EOFError, OSError, SyntaxError, ValueError),
    is_cut_short=lambda data: len(data) < 8 + little_endian(data[4:8]),
    kind_of=lazily(_PLANES, "kind_of"),
    # libwebp's decoder allocates its canvas when Pillow opens a file.
    read_size=read_size,
    load_scaled=lazily(_PLANES, "load_scaled"),
    load=lazily(_PLANES, "load"),
    modules=("PIL.WebPImagePlugin", _PLANES),
)
