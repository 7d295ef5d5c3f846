"""JPEGs of 49 MP whose gain map is as large: what the second picture of a file can cost."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.hostile.rasters import jpeg_empty
from tests.support.pictures import encoded, gradient
from tests.support.ultra_hdr import HDRGM, part, ultra_hdr, with_map, xmp


def _over_49_mp(gain_map: bytes, **options: bool) -> bytes:
    return ultra_hdr(jpeg_empty(**options), gain_map)


def _long_header() -> bytes:
    """A small photo whose gain map has a header that takes long to search."""
    text = f'xmlns:h="{HDRGM}" h:HDRCapacityMax="1" ' + "<h:GainMapMax>" * 4500
    gain_map = encoded(gradient((24, 16), "L"), "JPEG")
    return with_map(encoded(gradient((96, 64)), "JPEG"), gain_map[:2] + xmp(text) + gain_map[2:])


STILLS: Final[Mapping[str, Callable[[], bytes]]] = {
    "jpeg gain map 49 MP": lambda: _over_49_mp(jpeg_empty(components=1)),
    "jpeg gain map 49 MP rgb": lambda: _over_49_mp(jpeg_empty()),
    "jpeg gain map 49 MP scans": lambda: _over_49_mp(
        jpeg_empty(components=1, progressive=True, scans=20)
    ),
    "jpeg gain map 49 MP of a progressive one": lambda: _over_49_mp(
        jpeg_empty(components=1), progressive=True
    ),
    "jpeg gain map segments": lambda: ultra_hdr(jpeg_empty(), b"\xff\xd8" + part(0xFE, b"") * 9999),
    "jpeg gain map header": _long_header,
}
