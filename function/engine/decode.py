"""Decode an upload to an image that is just large enough for its renditions.

The content decides the format, never the key's name or the Content-Type; what differs from format
to format is in ``formats``. Every upload that cannot be decoded raises ``Rejected``, and its header
alone decides whether it is too large, before any pixel is decoded.
"""

import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

from PIL import Image

from function.engine import colour, formats, tone
from function.engine.budget import budget
from function.engine.encode import HALF_CHROMA
from function.engine.errors import Reason, Rejected, is_system_failure
from function.engine.formats import Format
from function.engine.header import check_size, icc_profile, orientation_of, too_many_pixels
from function.engine.layout import lay_out
from function.engine.limits import (
    FRAME_BYTES,
    MAX_FRAMES,
    PLANES_BYTES,
    RENDER_BYTES,
    fits,
    kind_megapixels,
)
from function.engine.losses import Loss
from function.engine.memory_limit import forget_refused_memory, was_refused_memory
from function.engine.pixels import (
    SIDEWAYS,
    Bitmap,
    Pixels,
    Planes,
    Size,
    reduced_box,
    reduction,
    turn_box,
)
from function.engine.record import Record
from function.engine.renditions import OutputFormat, Quality, Rendition
from function.engine.sniff import sniff
from function.engine.source import Frame, Source

DECODE_HEADROOM: Final = {Quality.FAST: 1.25, Quality.BEST: 2.0}
"""A scaled decode keeps at least so many times the pixels across of the largest rendition; below,
the decoder's own scaling shows (luma SSIM 0.985 at 1.1, 0.991 at 1.25 on the worst of photo, text
and line art)."""

MAX_DRAWING: Final = 10**12
"""Pixels of a drawing's own size, at which it is not drawn; a million each way are more than any
program's canvas."""

MAX_FRAME_MS: Final = 60_000
MAX_LOOP: Final = 65_535
"""WebP's own limit; an APNG may state more."""

MAX_ANIMATION_DECODE: Final = 4
"""Pixels to decode over all frames of an animation, in multiples of the pixel limit."""

# Most uploads are of the first format: what it needs is imported with this module, in Lambda's
# initialisation phase, and not while the first upload waits.
formats.by_name(formats.NAMES[0]).import_modules()


class DecodeRequest(Record):
    """The arguments of ``decode``, and the format found in the upload."""

    data: bytes
    format: Format
    renditions: tuple[Rendition, ...]
    max_pixels: int
    quality: Quality
    memory_mb: int | None
    native: bool
    allow: Callable[[float, float], None]


def decode(
    data: bytes,
    renditions: Sequence[Rendition],
    *,
    max_pixels: int,
    quality: Quality = Quality.FAST,
    memory_mb: int | None = None,
    native: bool = True,
    allow: Callable[[float, float], None] = lambda _milliseconds, _held: None,
) -> Source:
    """Decode an upload just large enough for its renditions.

    More than ``max_pixels`` (width times height) in the header reject it, or more than fit in
    ``memory_mb``, the function's memory, where that is given. Without ``native``, Pillow decodes
    what our own decoders otherwise would (docs/decoder.md). ``allow`` is told the CPU
    milliseconds that the upload and its renditions may take, and the bytes that they are expected
    to hold, as soon as the header says what it is.

    Raises:
        Rejected: with any code of the table in docs/engine.md except those of the store.
        MemoryError: memory is out.
        Exception: a failure of ours, such as a missing module.
    """
    known = sniff(data)
    sizes = tuple(renditions)
    request = DecodeRequest(data, known, sizes, max_pixels, quality, memory_mb, native, allow)
    known.import_modules()
    forget_refused_memory()
    return _decode(request)


def _decode(request: DecodeRequest) -> Source:
    with warnings.catch_warnings():
        # Pillow warns of metadata that it cannot read, and goes on; it raises for pixels.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        if request.format.rasterise:
            return _decode_drawing(request, request.format.rasterise)
        return _decode_image(request)


@contextmanager
def _rejecting_damage(request: DecodeRequest) -> Generator[None]:
    """Turn what the format's decoder raises for damage into a rejection.

    It encloses calls of decoders alone: the same exception from anywhere else is a bug of ours.
    """
    known = request.format
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(None, _max_pixels(request, known.name)) from error
    except known.damage as error:
        if was_refused_memory():
            raise MemoryError from error
        if is_system_failure(error):
            raise
        if known.is_cut_short(request.data):
            raise Rejected(Reason.TRUNCATED, "The end of this image is missing.") from error
        message = "This image is damaged and cannot be opened."
        raise Rejected(Reason.BROKEN_IMAGE, message) from error


def _decode_image(request: DecodeRequest) -> Source:
    known, data, halves_chroma = request.format, request.data, _halves_chroma(request)
    native = request.native
    kind = known.kind_of(data, halves_chroma, native) if known.kind_of else known.name
    max_pixels = _max_pixels(request, kind)
    check_size(known.read_size(data), max_pixels)
    with _rejecting_damage(request):
        image = _open_image(request)
    check_size(image.size, max_pixels)
    opened = image
    codes = known.colours(data)
    profile = None if codes else icc_profile(image)
    orientation = 1 if known.is_oriented else orientation_of(image)
    width, height = image.size
    upload = (height, width) if orientation in SIDEWAYS else (width, height)
    scale = _largest_scale(upload, request.renditions) * DECODE_HEADROOM[request.quality]
    left = _left_to_resize(request, kind, image.size, scale)
    held = _check_memory(request, kind, image.size, left)
    _allow(request, kind, image.size, held)
    with _rejecting_damage(request):
        loaded = known.load_scaled(image, data, scale, halves_chroma, native)
        if not loaded:
            image = known.load(image, data)
    if loaded:
        decoded, box = loaded
        planes = isinstance(decoded, Planes)
        pixels = decoded if planes else _bitmap(colour.to_srgb(decoded, profile))
    else:
        check_size(image.size, max_pixels)  # GIF and HEIC may grow when they are loaded
        factor = reduction(scale)
        pixels, box = _reduce(image, profile, factor), reduced_box(image.size, factor)
        if codes:
            pixels = _bitmap(tone.to_srgb(pixels.image(), codes))
    pending = isinstance(pixels, Planes) and not colour.is_plain(profile)
    # A child sends one picture back, so further ones would be decoded in vain; and Pillow raises
    # KeyError and TypeError, which count as bugs, for a TIFF whose second page is damaged.
    moves = not known.isolated and any(rendition.animated for rendition in request.renditions)
    frames, loop = _decode_frames(request, max_pixels) if moves else ((), 0)
    losses = {*known.losses(data)}
    if codes and codes.is_hdr:
        losses.add(Loss.HDR)
    if (codes and codes.is_wide) or colour.is_wide(profile):
        losses.add(Loss.WIDE_GAMUT)
    if not frames and known.moving_kind and _is_animated(request, opened):
        losses.add(Loss.ANIMATION)
    return Source(
        pixels=pixels.turn(orientation),
        box=turn_box(box, pixels.size, orientation),
        width=upload[0],
        height=upload[1],
        format=known.name,
        frames=frames,
        loop=loop,
        losses=_in_order(losses, pixels, request.renditions),
        profile=profile if pending else None,
    )


def _open_image(request: DecodeRequest) -> Image.Image:
    image = request.format.open_image(request.data)
    if request.native:
        request.format.use_native(image)
    return image


def _decode_drawing(
    request: DecodeRequest, rasterise: Callable[[bytes, Size], Image.Image]
) -> Source:
    """Rasterise a drawing at the size of its largest rendition."""
    known, max_pixels = request.format, _max_pixels(request, request.format.name)
    upload = known.read_size(request.data)
    check_size(upload, MAX_DRAWING)
    layouts = (lay_out(upload, rendition, scalable=True) for rendition in request.renditions)
    size = max(layout.scaled for layout in layouts)
    check_size(size, max_pixels)
    held = known.bytes_held(request.data, size) + RENDER_BYTES * size[0] * size[1]
    held = _check_memory(request, known.name, size, held)
    _allow(request, known.name, size, held)
    image = rasterise(request.data, size)
    image.load()
    pixels = _bitmap(image)
    return Source(
        pixels=pixels,
        box=reduced_box(image.size, 1),
        width=upload[0],
        height=upload[1],
        format=known.name,
        scalable=True,
        losses=_in_order(known.losses(request.data), pixels, request.renditions),
    )


def _allow(request: DecodeRequest, kind: str, size: Size, held: float, frames: int = 1) -> None:
    pixels, cost = size[0] * size[1], request.format.ms_per_megapixel[kind]
    is_drawing = request.format.rasterise is not None
    milliseconds = budget(
        *(len(request.data), pixels, cost, request.renditions, frames), is_drawing=is_drawing
    )
    request.allow(milliseconds, held)


def _check_memory(request: DecodeRequest, kind: str, size: Size, held: float) -> float:
    """Return the bytes that an upload is expected to hold, with ``held`` bytes besides its pixels.

    Raises:
        Rejected: ``too_complex``.
    """
    held += size[0] * size[1] * request.format.bytes_per_pixel[kind]
    if request.memory_mb and not fits(request.memory_mb, len(request.data), held):
        message = "This image needs more memory than there is for one of its kind."
        raise Rejected(Reason.TOO_COMPLEX, message)
    return held


def _left_to_resize(request: DecodeRequest, kind: str, size: Size, scale: float) -> float:
    """Return the bytes that the pixels take which are left once a picture is scaled down."""
    is_planes = kind in request.format.planes and _halves_chroma(request)
    factor = 1.0 / max(1, int(1 / scale)) if is_planes else 1.0 / reduction(scale)
    per_pixel = PLANES_BYTES if is_planes else RENDER_BYTES
    return per_pixel * size[0] * size[1] * factor**2


def _max_pixels(request: DecodeRequest, kind: str) -> int:
    """Return the most pixels that a file of some kind may have."""
    if request.memory_mb is None:
        return request.max_pixels
    most = kind_megapixels(request.memory_mb, kind, len(request.data))
    return min(request.max_pixels, most * 1_000_000)


def _halves_chroma(request: DecodeRequest) -> bool:
    """Return True if every output stores chroma at half size, so that more would be lost anyway."""
    outputs = {name for rendition in request.renditions for name in rendition.formats}
    return request.quality != Quality.BEST and outputs <= HALF_CHROMA


def _largest_scale(upload: Size, renditions: Iterable[Rendition]) -> float:
    """Return the scale of the largest size that a rendition is cut from; 1 is the upload's own."""
    sizes = (lay_out(upload, rendition).scaled for rendition in renditions)
    return max(max(width / upload[0], height / upload[1]) for width, height in sizes)


def _reduce(image: Image.Image, profile: bytes | None, factor: int) -> Bitmap:
    """Return pixels in sRGB, averaged by a whole factor both ways."""
    if factor > 1 and image.mode in _REDUCIBLE and not image.has_transparency_data:
        image, factor = image.reduce(factor), 1
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == mode and factor == 1 and not profile:
        return _bitmap(image)
    width, height = image.size
    whole = Image.new(mode, (-(-width // factor), -(-height // factor)))
    step = max(1, colour.STRIP_PIXELS // width // factor) * factor
    if image.mode in {"I", "F"}:
        image = colour.to_eight_bits(image)  # how, its brightest pixel says
    for top in range(0, height, step):
        strip = image.crop((0, top, width, min(height, top + step)))
        strip = colour.to_srgb(strip, profile)
        whole.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return _bitmap(whole)


_REDUCIBLE: Final = frozenset({"L", "RGB", "CMYK"})
"""Modes that average well before their colours are converted, which is then less work."""


def _decode_frames(request: DecodeRequest, max_pixels: int) -> tuple[tuple[Frame, ...], int]:
    """Return all frames of an animation and how often it plays; none of a still.

    Each is reduced to what the largest animated rendition needs.

    Raises:
        Rejected: ``too_many_frames``, before any but the first is decoded.
    """
    with _rejecting_damage(request):
        image = _open_image(request)
        count = request.format.count_frames(image, MAX_FRAMES)
    if count <= 1:
        return (), 0
    width, height = image.size
    moving = (rendition for rendition in request.renditions if rendition.animated)
    factor = max(1, int(1 / _largest_scale(image.size, moving)))
    kept = count * (width // factor) * (height // factor)
    decoded = count * width * height
    if count > MAX_FRAMES or kept > max_pixels or decoded > MAX_ANIMATION_DECODE * max_pixels:
        message = f"This animation has {count} frames or more, too many to keep."
        raise Rejected(Reason.TOO_MANY_FRAMES, message)
    kind = request.format.moving_kind
    held = _check_memory(request, kind, image.size, kept * FRAME_BYTES)
    _allow(request, kind, image.size, held, count)
    frames: list[Frame] = []
    for index in range(count):
        with _rejecting_damage(request):
            image.seek(index)
            image.load()  # some formats tell a frame's duration only now
        picture = colour.to_srgb(image, None)
        check_size(picture.size, max_pixels)
        milliseconds = min(int(image.info.get("duration", 0)), MAX_FRAME_MS)
        pixels = _drop_metadata(picture.reduce(factor) if factor > 1 else picture.copy())
        frames.append(Frame(Bitmap(pixels), milliseconds))
    return tuple(frames), min(int(image.info.get("loop", 0)), MAX_LOOP)


def _is_animated(request: DecodeRequest, image: Image.Image) -> bool:
    """Return True if a file has a second frame; False where it is too damaged to tell."""
    try:
        return bool(getattr(image, "is_animated", False))
    except request.format.damage as error:
        if is_system_failure(error):
            raise
        return False


def _in_order(
    found: Iterable[Loss], pixels: Pixels, renditions: Iterable[Rendition]
) -> tuple[Loss, ...]:
    """Return each loss once, with ``alpha`` where no output format has transparency."""
    outputs = {name for rendition in renditions for name in rendition.formats}
    lost = {*found}
    if pixels.has_alpha and outputs <= {OutputFormat.JPEG}:
        lost.add(Loss.ALPHA)
    return tuple(loss for loss in Loss if loss in lost)


def _drop_metadata(image: Image.Image) -> Image.Image:
    """Remove an image's metadata, which encoders would otherwise copy."""
    image.info = {}
    return image


def _bitmap(image: Image.Image) -> Bitmap:
    """Wrap an image, as RGB if it is opaque: a third less to resize, and nothing to flatten."""
    image = _drop_metadata(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    return Bitmap(image)
