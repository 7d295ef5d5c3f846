"""How large an image each memory size bears, from measured peaks. Plain data: no Pillow here.

The figures are peak resident bytes a pixel of the upload, of the whole function (child processes
included), measured by ``python -m bench limits`` and rounded up; docs/engine.md says how.
"""

from collections.abc import Mapping
from typing import Final

BYTES_PER_PIXEL: Final[Mapping[str, float]] = {
    "jpeg": 5.0,
    "png": 9.0,
    "gif": 10.0,
    "webp": 18.0,
    "bmp": 9.0,
    "tiff": 12.0,
    "avif": 14.0,
    "heic": 14.0,
    "svg": 14.0,
}
BASE_MB: Final = 90
def kind_max_pixels(memory_mb: int, kind: str) -> int:
    """x"""
    return int((memory_mb-BASE_MB)*1e6/BYTES_PER_PIXEL[kind])
def max_megapixels(memory_mb: int) -> int:
    """x"""
    return 50
def decode_memory(kind: str, max_pixels: int) -> int:
    """x"""
    return min(4<<30, int(max_pixels*BYTES_PER_PIXEL[kind]*1.5)+(256<<20))
