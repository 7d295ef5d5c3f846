"""The description of an input format. Each format has one file, which says everything about it."""

import io
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from function.engine.record import Record

if TYPE_CHECKING:
    from PIL import Image

    from function.engine.cicp import Cicp
    from function.engine.gain_map import FoundGainMap
    from function.engine.losses import Loss
    from function.engine.pixels import Box, Planes, Size

    Loaded = tuple[Image.Image | Planes, Box] | None


def lazily(module: str, function: str) -> Callable[..., Any]:
    """Return a stand-in for a function of ``module``, which is imported when it is called."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), function)(*arguments)

    return call


def little_endian(value: bytes) -> int:
    """Return the number that some bytes stand for, the lowest first."""
    return int.from_bytes(value, "little")


def plugin(module: str, image_class: str) -> "Callable[[bytes], Image.Image]":
    """Return a function that opens a file by one of Pillow's plugins, which it imports first."""
    return lambda data: getattr(import_module(module), image_class)(io.BytesIO(data))


def _has_no_pixels(_data: bytes) -> "Image.Image":
    raise TypeError("A drawing has no pixels to open.")


def _has_no_map(_found: "FoundGainMap", _scale: float) -> "tuple[Image.Image, Box]":
    raise TypeError("This format has no gain maps.")


def _load(image: "Image.Image", _data: bytes) -> "Image.Image":
    image.load()
    return image


class Format(Record):
    """One input format, as plain data and functions that import their libraries when called.

    A format that Pillow reads without further help states the fields down to ``is_cut_short``.
    Functions raise ``Rejected`` for what cannot be decoded.
    """

    name: str  # lower-case name, as manifests have it
    content_types: Mapping[str, str]  # MIME type by the ending of a file's name, without the dot

    # Memory that decoding one more pixel takes, by kind of file: the format's name alone, or with a
    # suffix where kinds differ (``jpeg-progressive``). ``limits.py`` says what comes on top; of an
    # animation, it is a pixel of the canvas.
    bytes_per_pixel: Mapping[str, float]

    # CPU milliseconds to decode one more megapixel, by the same kinds: the slowest of its kind that
    # an encoder writes without being told to (docs/engine.md, "Time").
    ms_per_megapixel: Mapping[str, float]

    # (data): return True if these first bytes, or a whole file, are of this format.
    recognises: Callable[[bytes], bool]

    # (data): read the headers; pixels are decoded when the image is loaded.
    open_image: "Callable[[bytes], Image.Image]" = _has_no_pixels

    # Exceptions that its decoder raises for damaged files, as fuzzing shows (``make fuzz``); an
    # ``OSError`` only without the system's error number. Anything else is a bug of ours.
    damage: tuple[type[Exception], ...] = ()

    # (data): return True if the end is missing, by its mark or the length stated.
    is_cut_short: Callable[[bytes], bool] = lambda _data: False

    # (data, halves_chroma, native): return the kind of a file not yet opened; ``halves_chroma`` if
    # all outputs store chroma at half size, ``native`` if our own decoders may be used.
    kind_of: Callable[[bytes, bool, bool], str] | None = None

    # Megabytes that the decoder holds without touching them, on top of ``bytes_per_pixel``: stacks
    # of its threads, and what these have freed.
    spare_mb: int = 0

    # (data): return the width and height that the first bytes state, for a decoder that allocates
    # its canvas as soon as it opens a file, and for drawings. Others state theirs once opened.
    read_size: "Callable[[bytes], Size]" = lambda _data: (1, 1)

    # (image): have an opened image decoded by our own decoder, not Pillow's, when it is loaded.
    use_native: "Callable[[Image.Image], None]" = lambda _image: None

    # (image, data, scale, halves_chroma, native): decode an opened image at ``scale`` or more, to
    # an image in its own colours or to planes, and return it with the region of it that is the
    # upload. None: load it at full size and average it down.
    load_scaled: "Callable[[Image.Image, bytes, float, bool, bool], Loaded]" = (
        lambda _image, _data, _scale, _halves_chroma, _native: None
    )

    # (image, data): return an opened image with its pixels, at full size.
    load: "Callable[[Image.Image, bytes], Image.Image]" = _load

    # Kinds that are decoded to luma and half chroma where every output stores chroma at half size.
    planes: frozenset[str] = frozenset()
    moving_kind: str = ""  # the kind of an animation of which all frames are kept, if any are
    title: str = ""  # name for people, where it is not the upper-case ``name``
    is_oriented: bool = False  # the decoder has turned the picture as its EXIF orientation says

    # (image, most): return how many frames an opened image has, or ``most + 1``.
    count_frames: "Callable[[Image.Image, int], int]" = lambda image, _most: int(
        getattr(image, "n_frames", 1)
    )

    # (data): return the code points that say what the samples stand for; None where the ICC profile
    # does, or nothing. It must be quick, and raise nothing for damage.
    colours: "Callable[[bytes], Cicp | None]" = lambda _data: None

    # (data): return what the file has that no rendition can keep: a gain map, depth, a film, other
    # pages. It must be quick, and raise nothing for damage. ``decode.py`` tells what formats share.
    losses: "Callable[[bytes], Iterable[Loss]]" = lambda _data: ()

    # (data): return the gain map that a JPEG can keep, not decoded; None without one. It must be
    # quick, and raise nothing for damage.
    find_gain_map: "Callable[[bytes], FoundGainMap | None]" = lambda _data: None

    # (found, scale): decode that map at ``scale`` or more, to grey or RGB, and return it with the
    # region of it that is the map. It raises ``damage``.
    load_gain_map: "Callable[[FoundGainMap, float], tuple[Image.Image, Box]]" = _has_no_map

    # (data, size): draw at a width and height. Only for drawings: text files without pixels.
    rasterise: "Callable[[bytes, Size], Image.Image] | None" = None

    # (data, size): return the bytes that drawing takes besides those of its pixels.
    bytes_held: "Callable[[bytes, Size], int]" = lambda _data, _size: 0

    # Paths of files that its decoder opens by itself; a worker is given them (``worker.py``).
    files: "Callable[[], Iterable[str]]" = lambda: ()

    # Further modules that its decoder imports. They are loaded before a worker is confined, because
    # it can import nothing afterwards.
    modules: tuple[str, ...] = ()

    isolated: bool = False  # in a new worker each time, as its decoder is large, young or slow

    def import_modules(self) -> None:
        """Import ``modules`` now, so that a missing one is not mistaken for a damaged file."""
        for name in self.modules:
            import_module(name)
