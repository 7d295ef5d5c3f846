"""Bytes to pixels: what an upload is, and an image no larger than its renditions need.

The format is decided by content, never by the key's name or the Content-Type. Every failure to
decode is a ``Rejected``; the header alone decides about size, before any pixel is decoded.
"""

import io
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Final

from PIL import Image

from function.engine import colour, isolate
from function.engine.errors import Rejected, is_damage
from function.engine.formats import Format, jpeg_scaled
from function.engine.formats.jpeg_segments import check_scans, count_scans
from function.engine.header import check_size, icc_profile, orientation_of, too_many_pixels
from function.engine.layout import lay_out
from function.engine.limits import MAX_FRAMES, decode_memory, kind_megapixels
from function.engine.pixels import SIDEWAYS, Bitmap, Box, Pixels, Planes, Size, turn_box
from function.engine.renditions import Rendition
from function.engine.sniff import sniff
from function.engine.source import Frame, Source

__all__ = ["Source", "decode"]

HEADROOM: Final = 1.25
"""How many times the largest rendition's width a scaled decode keeps at least; below, the decoder's
own scaling shows (luma SSIM 0.985 at 1.1, 0.991 at 1.25 on the worst of photo, text, line art)."""

BEST_HEADROOM: Final = 2.0
"""The same for ``quality="best"``."""

MAX_FRAME_MS: Final = 60_000
MAX_LOOP: Final = 65_535
"""WebP's own limit; an APNG may state more."""

MAX_ANIMATION_DECODE: Final = 4
"""Pixels to decode over all frames of an animation, in multiples of ``max_pixels``."""

SUBSAMPLED: Final = frozenset({"jpeg", "webp", "avif"})
"""Output formats that store chroma at half size, whatever they are given."""


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What is asked of one decode."""

    data: bytes
    format: Format
    renditions: tuple[Rendition, ...]
    most_pixels: int
    memory_mb: int | None
    best: bool

    def cap(self, kind: str) -> int:
        """Return the most pixels that a kind of file may have."""
        if self.memory_mb is None:
            return self.most_pixels
        return min(self.most_pixels, kind_megapixels(self.memory_mb, kind) * 1_000_000)

    @cached_property
    def max_pixels(self) -> int:
        return self.cap("webp-planes" if self.has_webp_planes else self.format.name)

    @cached_property
    def has_webp_planes(self) -> bool:
        """Whether this is a WebP to be decoded as the planes that it stores."""
        if self.format.name != "webp" or not self.subsampled:
            return False
        # Imported here: it needs ctypes, which nothing else does.
        from function.engine.formats import webp_planes  # noqa: PLC0415

        return webp_planes.stores_planes(self.data)

    def open(self) -> Image.Image:
        """Open the upload: its headers are read, its pixels are not."""
        if self.format.open_image is None:
            raise TypeError(f"{self.format.title} has no pixels to open")
        return self.format.open_image(self.data)

    @property
    def headroom(self) -> float:
        return BEST_HEADROOM if self.best else HEADROOM

    @property
    def subsampled(self) -> bool:
        """Whether every output halves chroma anyway."""
        formats = {name for rendition in self.renditions for name in rendition.formats}
        return not self.best and formats <= SUBSAMPLED

    @property
    def animated(self) -> bool:
        return any(rendition.animated for rendition in self.renditions)

    def need(self, upload: Size) -> float:
        """Scale of the largest frame that a rendition is cut from; 1 is the upload's own size."""
        frames = (lay_out(upload, rendition).frame for rendition in self.renditions)
        return max(max(frame[0] / upload[0], frame[1] / upload[1]) for frame in frames)


def decode(
    data: bytes,
    renditions: Sequence[Rendition],
    *,
    max_pixels: int,
    quality: str = "fast",
    memory_mb: int | None = None,
) -> Source:
    """Decode an upload just large enough for its renditions.

    Args:
        data: the upload's bytes.
        renditions: the sizes that will be rendered; the largest decides how much is decoded.
        max_pixels: width times height above which the header alone rejects the upload.
        quality: ``fast``, or ``best``: more pixels kept, and chroma at full size.
        memory_mb: the function's memory; when given, formats that need more memory a pixel than
            others are held to what it bears (``limits.kind_megapixels``).

    Raises:
        Rejected: with any code of the table in docs/engine.md but ``too_many_bytes``.
        Exception: a failure of ours, such as a missing module.
    """
    known = sniff(data)
    order = _Order(
        data=data,
        format=known,
        renditions=tuple(renditions),
        most_pixels=max_pixels,
        memory_mb=memory_mb,
        best=quality == "best",
    )
    if not known.isolated:
        return _decode(order)
    for name in known.isolated:
        import_module(name)
    memory = decode_memory(known.name, order.max_pixels)
    return Source.from_bytes(isolate.run(lambda: _decode(order).to_bytes(), memory=memory))


def _decode(order: _Order) -> Source:
    """Decode in this process; damage becomes a rejection, a failure of ours stays as it is."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of damage; of what it will change in later releases, it warns otherwise.
            warnings.simplefilter("error", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if order.format.name == "svg":
                return _decode_svg(order)
            return _decode_image(order)
    except Rejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(None, order.max_pixels) from error
    except MemoryError as error:
        raise Rejected("too_complex", "This image needs more memory than it may have.") from error
    except Exception as error:
        if not is_damage(error):
            raise
        if order.format.is_cut_short(order.data):
            raise Rejected("truncated", "The end of this image is missing.") from error
        raise Rejected("broken_image", "This image is damaged and cannot be opened.") from error


def _decode_image(order: _Order) -> Source:
    scans = count_scans(order.data) if order.format.name == "jpeg" else 1
    if order.format.name == "webp":
        from function.engine.formats.webp import read_size  # noqa: PLC0415

        check_size(read_size(order.data), order.max_pixels)
    image = order.open()
    check_size(image.size, order.max_pixels)
    if scans > 1 or image.info.get("progressive"):
        check_size(image.size, order.cap("jpeg-progressive"))
        check_scans(scans, image.width * image.height)
    profile = icc_profile(image)
    # Pillow turns a TIFF itself.
    orientation = 1 if order.format.name == "tiff" else orientation_of(image)
    width, height = image.size
    upload = (height, width) if orientation in SIDEWAYS else (width, height)
    pixels, box = _load(image, profile, order, order.need(upload))
    pending = isinstance(pixels, Planes) and not colour.is_plain(profile)
    # A child sends one picture back, so further ones would be decoded in vain; and Pillow raises
    # KeyError and TypeError, which count as bugs, for a TIFF whose second page is damaged.
    moves = order.animated and not order.format.isolated
    frames, loop = _frames(order) if moves else ((), 0)
    return Source(
        pixels=pixels.turn(orientation),
        box=turn_box(box, pixels.size, orientation),
        width=upload[0],
        height=upload[1],
        format=order.format.name,
        frames=frames,
        loop=loop,
        profile=profile if pending else None,
    )


def _load(
    image: Image.Image, profile: bytes | None, order: _Order, need: float
) -> tuple[Pixels, Box]:
    """Pixels scaled down while they are decoded or right after; a bitmap is in sRGB already."""
    need *= order.headroom
    if order.format.name == "jpeg":
        if order.subsampled and jpeg_scaled.stores_luma(image):
            return jpeg_scaled.open_planes(image, order.data, need)
        scaled, box = jpeg_scaled.open_scaled(image, need, image.mode)
        return _bitmap(colour.to_srgb(scaled, profile)), box
    factor = max(1, int(1 / (need * _REDUCTION)))
    pixels: Pixels
    if order.has_webp_planes:
        from function.engine.formats import webp_planes  # noqa: PLC0415

        pixels = webp_planes.open_planes(order.data, image.size, factor)
    else:
        image.load()
        check_size(image.size, order.max_pixels)  # GIF and HEIC may grow when they are loaded
        pixels = _bitmap(_reduced(image, profile, factor))
    width, height = image.size
    return pixels, (0.0, 0.0, width / factor, height / factor)


def _reduced(image: Image.Image, profile: bytes | None, factor: int) -> Image.Image:
    """Pixels in sRGB, averaged by a whole factor both ways."""
    if factor == 1:
        return colour.to_srgb(image, profile)
    if image.mode in _REDUCIBLE and not image.has_transparency_data:
        return colour.to_srgb(image.reduce(factor), profile)
    return colour.to_srgb(image, profile).reduce(factor)


_REDUCTION: Final = 1.25
"""What is left to the filter after averaging whole pixels, over the headroom of a scaled decode."""

_REDUCIBLE: Final = frozenset({"L", "RGB", "CMYK"})
"""Modes that average well before their colours are converted."""


def _frames(order: _Order) -> tuple[tuple[Frame, ...], int]:
    """All pictures of an animation and how often it plays; none of a still.

    Each is reduced to what the largest animated rendition needs.

    Raises:
        Rejected: ``too_many_frames``, before any but the first is decoded.
    """
    image = order.open()
    count = _count_frames(image, MAX_FRAMES)
    if count <= 1:
        return (), 0
    width, height = image.size
    frames_wanted = (lay_out(image.size, r).frame for r in order.renditions if r.animated)
    need = max(max(frame[0] / width, frame[1] / height) for frame in frames_wanted)
    factor = max(1, int(1 / need))
    kept = count * (width // factor) * (height // factor)
    decoded = count * width * height
    if (
        count > MAX_FRAMES
        or kept > order.max_pixels
        or decoded > MAX_ANIMATION_DECODE * order.max_pixels
    ):
        raise Rejected(
            "too_many_frames", f"This animation has {count} frames or more, too many to keep."
        )
    frames: list[Frame] = []
    for index in range(count):
        image.seek(index)
        image.load()  # some formats tell a frame's duration only now
        picture = colour.to_srgb(image, None)
        check_size(picture.size, order.max_pixels)
        milliseconds = min(int(image.info.get("duration", 0)), MAX_FRAME_MS)
        pixels = _bare(picture.reduce(factor) if factor > 1 else picture.copy())
        frames.append(Frame(Bitmap(pixels), milliseconds))
    return tuple(frames), min(int(image.info.get("loop", 0)), MAX_LOOP)


def _count_frames(image: Image.Image, at_most: int) -> int:
    """How many frames an image has, or ``at_most + 1`` if there are more.

    A GIF does not state it: Pillow's ``n_frames`` walks to the end, which a file of a million
    empty frames can make long.
    """
    from PIL.GifImagePlugin import GifImageFile  # noqa: PLC0415 - for the first animation

    if not isinstance(image, GifImageFile):
        return int(getattr(image, "n_frames", 1))
    with suppress(EOFError):
        while image.tell() < at_most:
            image._seek(image.tell() + 1, update_image=False)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    count = image.tell() + 1
    image.seek(0)
    return count


def _decode_svg(order: _Order) -> Source:
    # The child of a drawing may import what its format says, which is these two.
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415

    from function.engine.formats import svg_drawing  # noqa: PLC0415

    upload = svg_drawing.natural_size(order.data)
    check_size(upload, order.max_pixels)
    layouts = (lay_out(upload, rendition, scalable=True) for rendition in order.renditions)
    width, height = max(layout.frame for layout in layouts)
    check_size((width, height), order.max_pixels)
    image = PngImageFile(io.BytesIO(svg_drawing.rasterise(order.data, (width, height))))
    image.load()
    return Source(
        pixels=_bitmap(image),
        box=(0.0, 0.0, float(image.width), float(image.height)),
        width=upload[0],
        height=upload[1],
        format="svg",
        scalable=True,
    )


def _bare(image: Image.Image) -> Image.Image:
    """The image without its metadata, which encoders would otherwise copy."""
    image.info = {}
    return image


def _bitmap(image: Image.Image) -> Bitmap:
    """The image, RGB when every pixel is opaque: a third less to resize, and no ground needed."""
    image = _bare(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    return Bitmap(image)
