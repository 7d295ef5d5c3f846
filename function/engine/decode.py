"""Decode an upload to an image that is just large enough for its renditions.

The content decides the format, never the key's name or the Content-Type. All that differs between
formats is in ``formats``. Every upload that cannot be decoded raises ``Rejected``, and its header
alone decides whether it is too large, before any pixel is decoded.
"""

import warnings
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Final

from PIL import Image

from function.engine import colour, formats, limits, room, tone
from function.engine.budget import budget
from function.engine.errors import Reason, Rejected, is_system_failure
from function.engine.formats import Format
from function.engine.hdr import Keepable, Picture, keepable_map, load_map
from function.engine.header import check_size, icc_profile, orientation_of, too_many_pixels
from function.engine.layout import lay_out
from function.engine.losses import Loss
from function.engine.pixels import SIDEWAYS, Bitmap, Planes, Size, reduced_box, reduction, turn_box
from function.engine.record import Record
from function.engine.refused_memory import forget_refused_memory, was_refused_memory
from function.engine.renditions import OutputFormat
from function.engine.results import Task
from function.engine.sniff import sniff
from function.engine.source import Frame, Source

MAX_DRAWING: Final = 10**12
"""Pixels of a drawing's own size, at which it is not drawn; a million each way are more than any
program's canvas."""

MAX_FRAME_MS: Final = 60_000
MAX_LOOP: Final = 65_535  # WebP's own limit; an APNG may state more

MAX_ANIMATION_DECODE: Final = 4
"""Pixels to decode over all frames of an animation, in multiples of the pixel limit."""

# Most uploads are of the first format: what it needs is imported with this module, in Lambda's
# initialisation phase, and not while the first upload waits.
formats.by_name(formats.NAMES[0]).import_modules()


class DecodeRequest(Record):
    """The arguments of ``decode``, and the format found in the upload."""

    data: bytes
    format: Format
    task: Task
    allow: Callable[[float, float, float], None]


def decode(
    data: bytes,
    task: Task,
    allow: Callable[[float, float, float], None] = lambda _milliseconds, _held, _decoding: None,
) -> Source:
    """Decode an upload just large enough for the renditions of a task.

    ``allow`` is called as soon as the header is known, with the CPU milliseconds that the upload
    and its renditions may take, the bytes that they are expected to hold, and the CPU milliseconds
    that the slowest honest file of this kind and size takes to decode.

    Raises:
        Rejected: with any code of the table in docs/errors.md except those of the store.
        MemoryError: memory is out.
        Exception: a failure of ours, such as a missing module.
    """
    request = DecodeRequest(data, sniff(data), task, allow)
    request.format.import_modules()
    forget_refused_memory()
    with warnings.catch_warnings():
        # Pillow warns of metadata that it cannot read, and goes on; it raises for pixels.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        rasterise = request.format.rasterise
        return _decode_drawing(request, rasterise) if rasterise else _decode_image(request)


@contextmanager
def _rejecting_damage(request: DecodeRequest) -> Generator[None]:
    """Turn the exceptions that the format's decoder raises for damage into a rejection.

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
    known, data, task = request.format, request.data, request.task
    native, halves_chroma = task.native_decoder, room.halves_chroma(task)
    kind = known.kind_of(data, halves_chroma, native) if known.kind_of else known.name
    max_pixels = _max_pixels(request, kind)
    check_size(known.read_size(data), max_pixels)
    with _rejecting_damage(request):
        image = opened = _open_image(request)
    check_size(image.size, max_pixels)
    codes = known.colours(data)
    profile = None if codes else icc_profile(image)
    orientation = 1 if known.is_oriented else orientation_of(image)
    width, height = image.size
    upload = (height, width) if orientation in SIDEWAYS else (width, height)
    scale = room.decode_scale(upload, task)
    held = room.held_bytes(task, known, kind, image.size, scale)
    own, cost = width * height, known.ms_per_megapixel[kind]
    whole = held + own * known.bytes_per_pixel[kind]
    picture = Picture(image.size, scale, whole, own * cost / 1e6, profile)
    keepable = keepable_map(known, data, task, picture)
    mapping = tone.CUBE_MS if codes and codes.needs_mapping else 0.0
    _allow(request, kind, image.size, held, besides=keepable, mapping=mapping)
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
        pixels = _bitmap(colour.reduce_to_srgb(image, profile, factor))
        box = reduced_box(image.size, factor)
        if codes:
            pixels = _bitmap(tone.to_srgb(pixels.image(), codes))
    # A child sends one picture back, so further ones would be decoded in vain; and Pillow raises
    # KeyError and TypeError, which count as bugs, for a TIFF whose second page is damaged.
    moves = not known.isolated and any(rendition.animated for rendition in task.renditions)
    frames, loop = _decode_frames(request, max_pixels) if moves else ((), 0)
    gain_map = load_map(keepable, scale, orientation, upload) if keepable else None
    keeps_hdr = gain_map is not None or (not keepable and _keeps_map_later(request, picture))
    seen = {
        Loss.HDR: codes and codes.is_hdr,
        Loss.WIDE_GAMUT: (codes and codes.is_wide) or colour.is_wide(profile),
        Loss.ANIMATION: not frames
        and not _moves_later(request)
        and known.moving_kind
        and _is_animated(request, opened),
    }
    lost = (loss for loss, is_lost in seen.items() if is_lost)
    pending = isinstance(pixels, Planes) and not colour.is_plain(profile)
    return Source(
        pixels=pixels.turn(orientation),
        box=turn_box(box, pixels.size, orientation),
        size=upload,
        format=known.name,
        frames=frames,
        loop=loop,
        gain_map=gain_map,
        losses=_losses(request, lost, has_alpha=pixels.has_alpha, keeps_hdr=keeps_hdr),
        profile=profile if pending else None,
    )


def _open_image(request: DecodeRequest) -> Image.Image:
    image = request.format.open_image(request.data)
    if request.task.native_decoder:
        request.format.use_native(image)
    return image


def _decode_drawing(
    request: DecodeRequest, rasterise: Callable[[bytes, Size], Image.Image]
) -> Source:
    """Rasterise a drawing at the size of its largest rendition."""
    known, max_pixels = request.format, _max_pixels(request, request.format.name)
    upload = known.read_size(request.data)
    check_size(upload, MAX_DRAWING)
    layouts = (lay_out(upload, rendition, scalable=True) for rendition in request.task.renditions)
    size = max(layout.scaled for layout in layouts)
    check_size(size, max_pixels)
    held = known.bytes_held(request.data, size) + limits.RENDER_BYTES * size[0] * size[1]
    held += room.compared_bytes(request.task.renditions)
    _allow(request, known.name, size, held)
    image = rasterise(request.data, size)
    image.load()
    pixels = _bitmap(image)
    return Source(
        pixels=pixels,
        box=reduced_box(image.size, 1),
        size=upload,
        format=known.name,
        scalable=True,
        losses=_losses(request, (), has_alpha=pixels.has_alpha),
    )


def _allow(
    request: DecodeRequest,
    kind: str,
    size: Size,
    held: float,
    *,
    frames: int = 1,
    besides: Keepable | None = None,
    mapping: float = 0.0,
) -> None:
    """Allow ``held`` bytes besides those of the pixels, or reject as ``too_complex``.

    ``mapping`` are the CPU milliseconds to map colours, for any number of pixels.
    """
    known, task, pixels = request.format, request.task, size[0] * size[1]
    held += pixels * known.bytes_per_pixel[kind] + (besides.bytes_held if besides else 0)
    if task.memory_mb and held > limits.room_bytes(task.memory_mb, len(request.data)):
        message = "This image needs more memory than there is for one of its kind."
        raise Rejected(Reason.TOO_COMPLEX, message)
    cost, is_drawing = known.ms_per_megapixel[kind], known.rasterise is not None
    facts = len(request.data), pixels, cost, task.renditions, frames
    more, decoding = (besides.milliseconds, besides.decoding) if besides else (0.0, 0.0)
    milliseconds = budget(*facts, is_drawing=is_drawing, besides=more + mapping)
    request.allow(milliseconds, held, cost * frames * pixels / 1e6 + decoding)


def _max_pixels(request: DecodeRequest, kind: str) -> int:
    return room.max_pixels(request.task, kind, len(request.data))


def _decode_frames(request: DecodeRequest, max_pixels: int) -> tuple[tuple[Frame, ...], int]:
    """Return all frames of an animation and how often it plays; none of a still.

    Each is reduced to what the largest animated rendition needs. ``too_many_frames`` are rejected
    before any but the first is decoded.
    """
    with _rejecting_damage(request):
        image = _open_image(request)
        # The picture that an APNG has for programs without animations need not be in it.
        first = int(getattr(image, "default_image", False))
        count = request.format.count_frames(image, limits.MAX_FRAMES) - first
    if count <= 1:
        return (), 0
    width, height = image.size
    moving = (rendition for rendition in request.task.renditions if rendition.animated)
    factor = max(1, int(1 / room.largest_scale(image.size, moving)))
    kept = count * (width // factor) * (height // factor)
    is_long = count > limits.MAX_FRAMES or kept > max_pixels
    if is_long or count * width * height > MAX_ANIMATION_DECODE * max_pixels:
        message = f"This animation has {count} frames or more, too many to keep."
        raise Rejected(Reason.TOO_MANY_FRAMES, message)
    _allow(request, request.format.moving_kind, image.size, kept * limits.FRAME_BYTES, frames=count)
    frames: list[Frame] = []
    for index in range(first, first + count):
        with _rejecting_damage(request):
            image.seek(index)
            image.load()  # some formats tell a frame's duration only now
        picture = colour.to_srgb(image, None)
        check_size(picture.size, max_pixels)
        milliseconds = min(int(image.info.get("duration", 0)), MAX_FRAME_MS)
        pixels = _drop_metadata(picture.reduce(factor) if factor > 1 else picture.copy())
        frames.append(Frame(Bitmap(pixels), milliseconds))
    return tuple(frames), min(int(image.info.get("loop", 0)), MAX_LOOP)


def _keeps_map_later(request: DecodeRequest, picture: Picture) -> bool:
    """Return True if a rendition that is made later keeps the gain map, unless it is damaged."""
    task = request.task
    if not task.later:
        return False
    later = task.replace(renditions=task.later)
    return keepable_map(request.format, request.data, later, picture) is not None


def _moves_later(request: DecodeRequest) -> bool:
    """Return True if a rendition that is made later keeps the motion of this format."""
    moves = any(rendition.animated for rendition in request.task.later)
    return moves and not request.format.isolated


def _is_animated(request: DecodeRequest, image: Image.Image) -> bool:
    """Return True if a file has a second frame; False where it is too damaged to tell."""
    try:
        return bool(getattr(image, "is_animated", False))
    except request.format.damage as error:
        if is_system_failure(error):
            raise
        return False


def _losses(
    request: DecodeRequest, seen: Iterable[Loss], *, has_alpha: bool, keeps_hdr: bool = False
) -> tuple[Loss, ...]:
    """Return, in order, the losses that were seen and the losses that the format reports."""
    lost = {*request.format.losses(request.data), *seen}
    if keeps_hdr:
        lost.discard(Loss.HDR)
    if has_alpha and room.outputs(request.task, later=True) <= {OutputFormat.JPEG}:
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
