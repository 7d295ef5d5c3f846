"""Find what phones tell of in XMP, by its namespaces: a gain map, depth, a film."""

import re
from collections.abc import Iterator
from typing import Final

from function.engine.losses import Loss

_MARKS: Final = (
    (b"http://ns.adobe.com/hdr-gain-map/1.0/", Loss.HDR),
    (b"http://ns.google.com/photos/1.0/depthmap/", Loss.DEPTH),
    (b"http://ns.google.com/photos/dd/1.0/depthmap/", Loss.DEPTH),
)
_APPLE: Final = b"http://ns.apple.com/"
_APPLE_MARKS: Final = (
    (b"HDRGainMap/1.0/", Loss.HDR),
    (b"depthData/1.0/", Loss.DEPTH),
    (b"portraitEffectsMatte/1.0/", Loss.DEPTH),
    (b"semanticSegmentationMatte/1.0/", Loss.DEPTH),
)
_CAMERA: Final = b"http://ns.google.com/photos/1.0/camera/"
_MOTION: Final = re.compile(rb"""(?:MotionPhoto|MicroVideo)(?:\s*=\s*["']|>)1""")
"""An attribute or an element that is 1; files without a film say 0."""


def marked(data: bytes, end: int) -> Iterator[Loss]:
    """Yield what XMP within the first bytes, up to ``end``, says of the picture."""
    yield from (loss for mark, loss in _MARKS if data.find(mark, 0, end) >= 0)
    camera = data.find(_CAMERA, 0, end)
    if camera >= 0 and _MOTION.search(data, camera, end):
        yield Loss.MOTION


def marked_by_apple(data: bytes, start: int) -> Iterator[Loss]:
    """Yield what XMP of further pictures, which come after ``start``, says that these are."""
    first = data.find(_APPLE, start)
    if first >= 0:
        yield from (loss for mark, loss in _APPLE_MARKS if data.find(_APPLE + mark, first) >= 0)
