"""Decode JPEGs at 1/2, 1/4 or 1/8 of their size, as ``Image.draft`` does (docs/decoder.md)."""

import io
from typing import Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from function.engine.errors import Reason, Rejected
from function.engine.formats import pillow_planes
from function.engine.formats.jpeg_segments import is_one_scan, walk, walk_header, without_needless
from function.engine.pixels import Box, Planes, Size, reduced_box
from function.engine.vectors import decode_jpeg, split

_RGB_IDS: Final = [0x52, 0x47, 0x42]  # component ids of a JPEG that stores RGB as it is

_SAMPLINGS: Final = ((1, 1), (2, 1), (2, 2))
"""Luma samples for one of chroma, across and down: 4:4:4, 4:2:2 and 4:2:0."""


class _Jpeg(JpegImageFile):
    """A JPEG whose EXIF is not read when it is opened: some blocks make Pillow refuse the file."""

    repaired: bytes | None = None  # what was opened in place of the upload

    def _read_dpi_from_exif(self) -> None:
        """Do nothing: no rendition has a resolution."""


def open_image(data: bytes) -> JpegImageFile:
    """Open a JPEG; reject medical ones of more than 8 bits as ``unsupported_codec``."""
    try:
        image = _Jpeg(io.BytesIO(data))
    except SyntaxError as error:
        if walk(data).bits not in {None, 8}:
            message = "JPEG images with more than 8 bits a channel are not supported."
            raise Rejected(Reason.UNSUPPORTED_CODEC, message) from error
        repaired = without_needless(data)  # Pillow raises for metadata that is too short, too
        image = _Jpeg(io.BytesIO(repaired))
        image.repaired = repaired
    if walk_header(data).arithmetic:
        # Pillow feeds libjpeg 64 KB at a time, and its arithmetic decoder cannot wait for more.
        image.decodermaxblock = len(data)
    return image


def load_scaled(
    image: Image.Image, data: bytes, scale: float, halves_chroma: bool, native: bool
) -> tuple[Image.Image | Planes, Box]:
    """Decode a JPEG at the smallest scale that is at least ``scale``, to planes where that serves.

    The region returned is the picture: sizes are rounded up to whole pixels, so its edge lies
    within the last one.
    """
    if not halves_chroma or not _stores_luma(image):
        return draft(image, scale, image.mode)
    data = getattr(image, "repaired", None) or data
    width, height = image.size
    wanted_width, wanted_height = _size_at(image.size, scale)
    most = min(width // wanted_width, height // wanted_height)
    divisor = next((divisor for divisor in (8, 4, 2) if divisor <= most), 1)
    if not native and _sampling(image) in _SAMPLINGS and is_one_scan(data):
        return pillow_planes.decode_jpeg(data, divisor), reduced_box(image.size, divisor)
    size = (-(-width // divisor), -(-height // divisor))
    if native and (planes := decode_jpeg(data, divisor, size)):
        return Planes(*planes), reduced_box(image.size, divisor)
    # The C module is missing, or leaves this file to Pillow, which also decides about damage.
    scaled, box = draft(image, scale, "YCbCr")
    return Planes(*split(scaled)), box


def draft(image: Image.Image, scale: float, mode: str) -> tuple[Image.Image, Box]:
    """Load a JPEG by Pillow, as ``load_scaled`` does, in its own mode or that of its data."""
    drafted = image.draft(mode, _size_at(image.size, scale))
    image.load()
    return image, drafted[1] if drafted else reduced_box(image.size, 1)


def _size_at(size: Size, scale: float) -> Size:
    return max(1, int(scale * size[0])), max(1, int(scale * size[1]))


def _sampling(image: Image.Image) -> tuple[int, int] | None:
    """Return how many samples of luma there are for one of chroma; None if chroma has several."""
    layer: list[tuple[int, int, int, int]] = getattr(image, "layer")  # noqa: B009 - has no type
    luma, *chroma = (part[1:3] for part in layer)
    return luma if set(chroma) == {(1, 1)} else None


def _stores_luma(image: Image.Image) -> bool:
    """Return True if the components are YCbCr, by the rules that libjpeg itself follows."""
    if not isinstance(image, JpegImageFile) or image.mode != "RGB":
        return False
    is_rgb = image.info.get("adobe_transform", 1) == 0
    return not is_rgb and ("jfif" in image.info or [part[0] for part in image.layer] != _RGB_IDS)
