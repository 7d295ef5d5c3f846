"""ISO base media files name their brands, the major one first: HEIC, AVIF, or a video."""

from typing import Final, Literal

Family = Literal["avif", "heic"]

_BRANDS: Final[dict[bytes, Family]] = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
}
_MOST: Final = 256
"""Bytes of the first box that are looked at."""


def family(data: bytes) -> Family | None:
    """Return the format of the first brand that is one of an image."""
    if data[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(data[:4], "big"), _MOST)
    brands = (data[8:12], *(data[at : at + 4] for at in range(16, length, 4)))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
