"""The description of an input format. Each format has one file, which says everything about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def ends_anywhere(_data: bytes) -> bool:
    """Return False: the format marks neither its end nor its length."""
    return False


@dataclass(frozen=True, kw_only=True)
class Format:
    """One input format, as plain data and functions that import their libraries when called.

    Attributes:
        name: lower-case name, as manifests have it.
        title: name for people, e.g. ``WebP``.
        content_types: MIME types that uploaders give such a file.
        endings: of file names, without the dot.
        bytes_per_pixel: memory that one more pixel costs, by kind of file: the format's name alone,
            or with a suffix where kinds differ (``jpeg-progressive``). Measured by ``bench limits``
            as ``limits.py`` says.
        recognises: whether these first bytes, or a whole file, are of this format.
        open_image: read the headers of a file; pixels come when the image is loaded. Raises
            ``Rejected`` for what cannot be decoded. None for drawings, which have no pixels.
        is_cut_short: whether the end of a file is missing, as the format marks its end or length.
        isolated: modules to import before a fork; a format with any is decoded in a child process
            that can open no files, because its decoder is large, young or both.
    """

    name: str
    title: str
    content_types: tuple[str, ...]
    endings: tuple[str, ...]
    bytes_per_pixel: Mapping[str, float]
    recognises: Callable[[bytes], bool]
    open_image: "Callable[[bytes], Image.Image] | None"
    is_cut_short: Callable[[bytes], bool] = ends_anywhere
    isolated: tuple[str, ...] = field(default=())
