"""Decide whether an upload's gain map is kept, and decode it.

A map is a second untrusted picture, so it must fit into the first one's limits. If anything is
wrong with it, the upload is rendered without it.
"""

from function.engine import limits, room
from function.engine.budget import ENCODE, LONG_MS
from function.engine.colour import is_plain
from function.engine.errors import Rejected, is_system_failure
from function.engine.formats import Format
from function.engine.gain_map import LARGEST, FoundGainMap, GainMap
from function.engine.pixels import SIDEWAYS, Bitmap, Size, reduction, turn_box
from function.engine.record import Record
from function.engine.refused_memory import forget_refused_memory, was_refused_memory
from function.engine.renditions import Hdr, OutputFormat
from function.engine.results import Task


class Picture(Record):
    """The picture that a gain map belongs to."""

    size: Size  # as it is stored
    scale: float  # at which it is decoded at least
    bytes_held: float
    decoding: float  # CPU milliseconds
    profile: bytes | None  # ICC profile of its colours


class Keepable(Record):
    """A gain map that is decoded after its picture, and the cost of that."""

    known: Format
    found: FoundGainMap
    bytes_held: float
    decoding: float  # CPU milliseconds to decode it
    milliseconds: float  # the same, and to encode it for each rendition


def keepable_map(known: Format, data: bytes, task: Task, picture: Picture) -> Keepable | None:
    """Return the gain map of an upload if the task keeps it and it is within the bounds."""
    if task.hdr == Hdr.DROP or OutputFormat.JPEG not in room.outputs(task):
        return None
    found = known.find_gain_map(data)
    if not found or not _has_shape(found.size, picture.size):
        return None
    # Three gains are for red, green and blue of the picture's own primaries, which become sRGB's.
    if found.is_colour and not (found.gains.in_base_colours and is_plain(picture.profile)):
        return None
    megapixels = found.size[0] * found.size[1] / 1e6
    own = known.ms_per_megapixel[found.kind] * megapixels
    each = known.bytes_per_pixel[found.kind]
    each += limits.RENDER_BYTES / reduction(picture.scale) ** 2
    more = len(found.data) + each * megapixels * 1e6  # its bytes are a copy of the upload's
    if task.memory_mb and picture.bytes_held + more > limits.room_bytes(task.memory_mb, len(data)):
        return None
    if picture.decoding + own > LONG_MS:
        return None
    encoding = sum(
        ENCODE[OutputFormat.JPEG] * rendition.width * rendition.height / 1e6
        for rendition in task.renditions
        if OutputFormat.JPEG in rendition.formats
    )
    return Keepable(known, found, more, own, own + encoding)


def _has_shape(own: Size, picture: Size) -> bool:
    """Return True for a map that is no larger than the picture, and of its shape.

    Each side may be off by a pixel or by 2 %, whichever is more.
    """
    across, down = own[0] * picture[1], own[1] * picture[0]
    is_alike = abs(across - down) <= max(sum(picture), max(across, down) / 50)
    return own[0] <= picture[0] and own[1] <= picture[1] and is_alike


def load_map(keepable: Keepable, scale: float, orientation: int, upload: Size) -> GainMap | None:
    """Decode a gain map for a picture that is decoded at a scale, and turn it; None if damaged.

    Raises:
        MemoryError: memory is out.
        Exception: a failure of ours.
    """
    known, found = keepable.known, keepable.found
    share = max(found.size) / max(upload)
    forget_refused_memory()
    try:
        image, box = known.load_gain_map(found, scale * min(1.0, LARGEST / share))
    except Rejected:
        return None
    except known.damage as error:
        if was_refused_memory():
            raise MemoryError from error
        if is_system_failure(error):
            raise
        return None
    image.info = {}
    pixels, size = Bitmap(image), found.size
    return GainMap(
        pixels=pixels.turn(orientation),
        box=turn_box(box, pixels.size, orientation),
        gains=found.gains,
        size=(size[1], size[0]) if orientation in SIDEWAYS else size,
        upload=upload,
    )
