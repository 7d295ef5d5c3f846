"""The description of an input format. Each format has one file, which says everything about it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

    from function.engine.pixels import Box, Planes, Size

    Loaded = tuple[Image.Image | Planes, Box] | None


def lazily(module: str, function: str) -> Callable[..., Any]:
    """Return a function that imports ``module`` when it is called, and calls one of its own."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), function)(*arguments)

    return call


def plugin(module: str, image_class: str) -> "Callable[[bytes], Image.Image]":
    """Return a function that opens a file by one of Pillow's plugins, which it imports first."""
    return lambda data: getattr(import_module(module), image_class)(io.BytesIO(data))


def _has_no_pixels(_data: bytes) -> "Image.Image":
    """Raise ``TypeError``: a drawing is rasterised, not opened."""
    raise TypeError("A drawing has no pixels to open.")


def _smallest_size(_data: bytes) -> "Size":
    """Return a size that is never too large: the opened image states its own early enough."""
    return 1, 1


def _stated_frames(image: "Image.Image", _most: int) -> int:
    """Return how many frames Pillow says that an image has."""
    return int(getattr(image, "n_frames", 1))


@dataclass(frozen=True, kw_only=True)
class Format:
    """One input format, as plain data and functions that import their libraries when called.

    A format that Pillow reads without further help states the fields down to ``is_cut_short``.
    Functions raise ``Rejected`` for what cannot be decoded.

    Attributes:
        name: lower-case name, as manifests have it.
        title: name for people, e.g. ``WebP``.
        content_types: MIME types that uploaders give such a file.
        endings: of file names, without the dot.
        bytes_per_pixel: memory that one more pixel costs, by kind of file: the format's name alone,
            or with a suffix where kinds differ (``jpeg-progressive``). Measured by ``bench limits``
            as ``limits.py`` says.
        recognises: (data): return True if these first bytes, or a whole file, are of this format.
        open_image: (data): read the headers; pixels are decoded when the image is loaded.
        is_cut_short: (data): return True if the end is missing, by its mark or the length stated.
        kind_of: (data, halves_chroma): return the kind, for ``bytes_per_pixel``, of a file not yet
            opened; ``halves_chroma`` says that every output stores chroma at half size.
        read_size: (data): return the width and height that the first bytes state, for a decoder
            that allocates its canvas as soon as it opens a file, and for drawings.
        load_scaled: (image, data, scale, halves_chroma): decode an opened image at ``scale`` or
            more, to an image in its own colours or to planes, and return it with the region of it
            that is the upload. None: load it at full size and average it down.
        is_oriented: the decoder has turned the picture as its EXIF orientation says.
        count_frames: (image, most): return how many frames an opened image has, or ``most + 1``.
        rasterise: (data, size): draw at a width and height; only for formats without pixels.
        is_markup: files are text, in which the marks of other text formats mean nothing.
        modules: modules that decoding needs besides those of ``function.engine.decode``.
        isolated: decode in a child process that can open no files (so ``modules`` must be
            complete), because the decoder is large, young or both.
    """

    name: str
    title: str
    content_types: tuple[str, ...]
    endings: tuple[str, ...]
    bytes_per_pixel: Mapping[str, float]
    recognises: Callable[[bytes], bool]
    open_image: "Callable[[bytes], Image.Image]" = _has_no_pixels
    is_cut_short: Callable[[bytes], bool] = lambda _data: False
    kind_of: Callable[[bytes, bool], str] | None = None
    read_size: "Callable[[bytes], Size]" = _smallest_size
    load_scaled: "Callable[[Image.Image, bytes, float, bool], Loaded]" = lambda _i, _d, _s, _h: None
    is_oriented: bool = False
    count_frames: "Callable[[Image.Image, int], int]" = _stated_frames
    rasterise: "Callable[[bytes, Size], Image.Image] | None" = None
    is_markup: bool = False
    modules: tuple[str, ...] = ()
    isolated: bool = False

    def import_modules(self) -> None:
        """Import ``modules``; one that is missing must never be taken for damage to a file."""
        for name in self.modules:
            import_module(name)
