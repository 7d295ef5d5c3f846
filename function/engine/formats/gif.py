"""GIF, still and animated."""

import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

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


def count_frames(image: Any, most: int) -> int:
    """Return how many frames a GIF has, or ``most + 1`` if there are more.

    A GIF does not state it, and Pillow's ``n_frames`` would walk to the end, which takes long in a
    file of a million empty frames. Only Pillow's private ``_seek`` can skip a frame's pixels.
    """
    with suppress(EOFError):
        while image.tell() < most:
            image._seek(image.tell() + 1, update_image=False)  # noqa: SLF001
    count = image.tell() + 1
    image.seek(0)
    return count


FORMAT: Final = Format(
    name="gif",
    title="GIF",
    content_types=("image/gif",),
    endings=("gif",),
    bytes_per_pixel={"gif": 6.0},
    recognises=lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    open_image=open_image,
    is_cut_short=lambda data: not data.rstrip(b"\x00").endswith(b"\x3b"),
    count_frames=count_frames,
)
