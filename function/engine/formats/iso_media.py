"""Tell HEIC, AVIF and videos apart by the brands that ISO base media files name, major first."""

from typing import Final

_BRANDS: Final[dict[bytes, str]] = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
}
_MOST: Final = 256
"""Bytes of the first box in which brands are looked for."""


def family(data: bytes) -> str | None:
    """Return the image format of the first brand that has one, else None."""
    if data[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(data[:4], "big"), _MOST)
    brands = (data[8:12], *(data[at : at + 4] for at in range(16, length, 4)))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
