"""AVIF; of a sequence, the first picture."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.formats.format import Format, lazily
from function.engine.formats.iso_media import colours, family

if TYPE_CHECKING:
    from PIL import Image

_LOSSES: Final = "function.engine.formats.iso_losses"


def open_image(data: bytes) -> "Image.Image":
    """Open an AVIF, decoding on one thread: a Lambda below 1769 MB has less than one CPU."""
    from PIL import AvifImagePlugin  # noqa: PLC0415 - for the first AVIF

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifImagePlugin.AvifImageFile(io.BytesIO(data))


FORMAT: Final = Format(
    name="avif",
    content_types={"avif": "image/avif"},
    bytes_per_pixel={"avif": 10.8},
    ms_per_megapixel={"avif": 152.0},
    recognises=lambda data: family(data) == "avif",
    open_image=open_image,
    colours=colours,
    damage=(RuntimeError, SyntaxError, ValueError, ZeroDivisionError),
    losses=lazily(_LOSSES, "losses"),
    # Without PIL._avif, Pillow's AVIF plugin would call each file damaged.
    modules=(_LOSSES, "PIL._avif", "PIL.AvifImagePlugin"),
    isolated=True,
)
