"""PNG and APNG."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.formats import TAIL
from function.engine.formats.format import Format

if TYPE_CHECKING:
    from PIL import Image


def open_image(data: bytes) -> "Image.Image":
    """Open a PNG or APNG.

    Raises:
        Rejected: ``too_complex`` for one that is cut into too many chunks.
    """
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415 - for the first PNG

    from function.engine.formats.png_rows import check_chunks, decode_here  # noqa: PLC0415

    check_chunks(data)
    image = PngImageFile(io.BytesIO(data))
    decode_here(image)
    return image


FORMAT: Final = Format(
    name="png",
    title="PNG",
    content_types=("image/png",),
    endings=("png",),
    bytes_per_pixel={"png": 12.0},
    recognises=lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    open_image=open_image,
    is_cut_short=lambda data: b"IEND" not in data[-TAIL:],
)
