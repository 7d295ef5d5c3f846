"""WebP: lossy, lossless and animated."""

from typing import TYPE_CHECKING, Final

from function.engine.errors import Rejected
from function.engine.formats.format import Format, plugin

if TYPE_CHECKING:
    from PIL import Image

    from function.engine.pixels import Box, Planes, Size


def read_size(data: bytes) -> "Size":
    """Return width and height in pixels from a WebP's first chunk.

    Raises:
        Rejected: ``broken_image`` when the first chunk is none that may come first.
    """
    chunk, body = data[12:16], data[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return 1 + _little(body[4:7]), 1 + _little(body[7:10])
    if chunk == b"VP8L":
        bits = _little(body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return _little(body[6:8]) & 0x3FFF, _little(body[8:10]) & 0x3FFF
    raise Rejected("broken_image", "This WebP image starts with a chunk that may not come first.")


def kind_of(data: bytes, halves_chroma: bool) -> str:  # noqa: FBT001 - Format's
    """Return ``webp-planes`` for a file to be decoded as the planes that it stores."""
    if halves_chroma:
        # Imported here: it needs ctypes, which nothing else does.
        from function.engine.formats import webp_planes  # noqa: PLC0415

        if webp_planes.stores_planes(data):
            return "webp-planes"
    return "webp"


def load_scaled(
    image: "Image.Image",
    data: bytes,
    scale: float,
    halves_chroma: bool,  # noqa: FBT001 - Format's
) -> "tuple[Planes, Box] | None":
    """Decode to planes where that is possible, averaged down to no less than ``scale``."""
    if kind_of(data, halves_chroma) == "webp":
        return None
    from function.engine.formats import webp_planes  # noqa: PLC0415 - as above
    from function.engine.pixels import reduced_box, reduction  # noqa: PLC0415 - imports Pillow

    factor = reduction(scale)
    return webp_planes.open_planes(data, image.size, factor), reduced_box(image.size, factor)


def _little(value: bytes) -> int:
    return int.from_bytes(value, "little")


FORMAT: Final = Format(
    name="webp",
    title="WebP",
    content_types=("image/webp",),
    endings=("webp",),
    # Pillow reads WebP through libwebp's animation decoder, which keeps two canvases of its own;
    # lossy stills without alpha are decoded as the planes that they store (webp_planes.py).
    bytes_per_pixel={"webp": 19.0, "webp-planes": 2.0},
    recognises=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    open_image=plugin("PIL.WebPImagePlugin", "WebPImageFile"),
    is_cut_short=lambda data: len(data) < 8 + _little(data[4:8]),
    kind_of=kind_of,
    # libwebp's decoder allocates its canvas when Pillow opens a file.
    read_size=read_size,
    load_scaled=load_scaled,
)
