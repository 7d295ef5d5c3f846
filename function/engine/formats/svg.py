"""SVG drawings."""

from typing import Final

from function.engine.formats.format import Format

_HEAD: Final = 1024
_PROLOGUES: Final = (b"<?xml", b"<!--", b"<!DOCTYPE svg")


def recognises(data: bytes) -> bool:
    """Return whether a file is markup whose root, after comments and the like, is ``svg``."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<svg"):
        return True
    return head.startswith(_PROLOGUES) and b"<svg" in data[: 64 * _HEAD]


FORMAT: Final = Format(
    name="svg",
    title="SVG",
    content_types=("image/svg+xml",),
    endings=("svg",),
    bytes_per_pixel={"svg": 14.0},
    recognises=recognises,
    open_image=None,
    isolated=("PIL.PngImagePlugin", "function.engine.formats.svg_drawing"),
)
