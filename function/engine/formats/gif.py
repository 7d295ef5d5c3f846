"""GIF, still and animated."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.formats.format import Format

if TYPE_CHECKING:
    from PIL import Image


def open_image(data: bytes) -> "Image.Image":
    """Open a GIF without its comments.

    Raises:
        Rejected: ``too_complex`` for one of too many blocks.
    """
    from PIL.GifImagePlugin import GifImageFile  # noqa: PLC0415 - for the first GIF

    from function.engine.formats.gif_blocks import drop_extensions  # noqa: PLC0415

    return GifImageFile(io.BytesIO(drop_extensions(data)))


FORMAT: Final = Format(
    name="gif",
    title="GIF",
    content_types=("image/gif",),
    endings=("gif",),
    bytes_per_pixel={"gif": 6.0},
    recognises=lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    open_image=open_image,
    is_cut_short=lambda data: not data.rstrip(b"\x00").endswith(b"\x3b"),
)
