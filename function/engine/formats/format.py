"""The description of an input format. Each format has one file, which says everything about it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

    from function.engine.pixels import Box, Planes, Size

    Loaded = tuple[Image.Image | Planes, Box]
    LoadScaled = Callable[[Image.Image, bytes, float, bool], Loaded | None]


def ends_anywhere(_data: bytes) -> bool:
    """Return False: the format marks neither its end nor its length."""
    return False


def has_no_pixels(_data: bytes) -> "Image.Image":
    """Refuse to open a drawing.

    Raises:
        TypeError: always; a drawing is rasterised, not opened.
    """
    raise TypeError("A drawing has no pixels to open.")


def stated_frames(image: "Image.Image", _most: int) -> int:
    """Return how many frames Pillow says that an image has."""
    return int(getattr(image, "n_frames", 1))


def lazily(module: str, function: str) -> Callable[..., Any]:
    """Return a function that imports ``module`` when it is called, and calls one of its own."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), function)(*arguments)

    return call


def plugin(module: str, image_class: str) -> "Callable[[bytes], Image.Image]":
    """Return a function that opens a file by one of Pillow's plugins, which it imports first."""
    return lambda data: getattr(import_module(module), image_class)(io.BytesIO(data))


class Drawing(NamedTuple):
    """How pixels are made of a format that stores none.

    Attributes:
        read_size: return a drawing's own width and height, in whole pixels.
        rasterise: draw at a width and height in pixels.
    """

    read_size: "Callable[[bytes], Size]"
    rasterise: "Callable[[bytes, Size], Image.Image]"


@dataclass(frozen=True, kw_only=True)
class Format:
    """One input format, as plain data and functions that import their libraries when called.

    Up to ``is_cut_short`` a format that Pillow reads as any other states everything that there is.
    Each function of a file raises ``Rejected`` for what cannot be decoded.

    Attributes:
        name: lower-case name, as manifests have it.
        title: name for people, e.g. ``WebP``.
        content_types: MIME types that uploaders give such a file.
        endings: of file names, without the dot.
        bytes_per_pixel: memory that one more pixel costs, by kind of file: the format's name alone,
            or with a suffix where kinds differ (``jpeg-progressive``). Measured by ``bench limits``
            as ``limits.py`` says.
        recognises: tell whether these first bytes, or a whole file, are of this format.
        open_image: read the headers of a file; its pixels are decoded when the image is loaded.
        is_cut_short: tell whether the end of a file is missing, by its end mark or stated length.
        kind_of: return the kind of a file, for ``bytes_per_pixel``, before it is opened; the second
            argument is True if every output stores chroma at half size. Default: the name.
        read_size: return the width and height that the first bytes state, for a decoder that
            allocates its canvas when it opens a file. Default: the opened image's size is early
            enough.
        load_scaled: decode an opened image, of the bytes given second, no smaller than the scale
            given third; the fourth argument is that of ``kind_of``. Return an image in its own
            colours, or planes, and the region of it that is the upload; None to have this file
            loaded at full size and averaged down, which is the default for all.
        is_oriented: the decoder has turned the picture as its EXIF orientation says.
        count_frames: return how many frames an opened image has, or one more than the number given
            if there are more.
        drawing: how pixels are made, for a format that stores none.
        is_markup: files are text, in which the marks of other text formats mean nothing.
        modules: modules that decoding needs and that ``function.engine.decode`` does not import.
        isolated: decode in a child process that can open no files (so ``modules`` must be
            complete), because the decoder is large, young or both.
    """

    name: str
    title: str
    content_types: tuple[str, ...]
    endings: tuple[str, ...]
    bytes_per_pixel: Mapping[str, float]
    recognises: Callable[[bytes], bool]
    open_image: "Callable[[bytes], Image.Image]" = has_no_pixels
    is_cut_short: Callable[[bytes], bool] = ends_anywhere
    kind_of: Callable[[bytes, bool], str] | None = None
    read_size: "Callable[[bytes], Size] | None" = None
    load_scaled: "LoadScaled | None" = None
    is_oriented: bool = False
    count_frames: "Callable[[Image.Image, int], int]" = stated_frames
    drawing: Drawing | None = None
    is_markup: bool = False
    modules: tuple[str, ...] = ()
    isolated: bool = False
