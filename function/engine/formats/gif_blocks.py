"""GIF without the extensions that nothing here reads: Pillow can need a gigabyte for them."""

import io
import re
from contextlib import suppress
from typing import Final

from PIL.GifImagePlugin import GifImageFile

from function.engine.errors import Reason, Rejected
from function.engine.limits import MAX_FRAMES

MAX_BLOCKS: Final = 200_000
"""Extensions and images up to the last frame that is kept; walking over more takes seconds."""

_BLOCK: Final = re.compile(rb"[!,;]")  # an extension, an image, the end
_CONTROL, _LOOP = b"!\xf9", b"!\xff\x0bNETSCAPE2.0"
_HEADER, _IMAGE_HEADER = 13, 10


class _Gif(GifImageFile):
    """Pillow's GIF, except that nothing is outside of the first frame, as in browsers.

    Pillow fills the rest of the canvas with the first colour of the palette.
    """

    def load_end(self) -> None:
        """Finish a frame; make what is outside of the first one transparent."""
        super().load_end()
        extent = self.dispose_extent
        if self.tell() or not extent or self._frame_transparency is not None:
            return
        left, top, right, bottom = extent
        sides = (0, 0, self.width, top), (0, bottom, self.width, self.height)
        sides += (0, top, left, bottom), (right, top, self.width, bottom)
        outside = [(a, b, c, d) for a, b, c, d in sides if a < c and b < d]
        used = self.im.crop(extent).histogram() if outside else ()
        free = next((colour for colour, count in enumerate(used) if not count), None)
        if free is not None:  # as nearly always: not all of 256 colours are used
            for side in outside:
                self.im.paste(free, side)
            self.info["transparency"] = free


def open_image(data: bytes) -> GifImageFile:
    """Open a GIF without its comments."""
    return _Gif(io.BytesIO(drop_extensions(data)))


def count_frames(image: GifImageFile, most: int) -> int:
    """Return how many frames a GIF has, or ``most + 1`` if there are more.

    A GIF does not state it, and Pillow's ``n_frames`` would walk to the end, which takes long in a
    file of a million empty frames. Only Pillow's private ``_seek`` can skip a frame's pixels.
    """
    with suppress(EOFError):
        while image.tell() < most:
            image._seek(image.tell() + 1, update_image=False)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    count = image.tell() + 1
    image.seek(0)
    return count


def drop_extensions(data: bytes) -> bytes:
    """Return a GIF with its images, one graphic control for each, and how often it plays.

    Everything else goes: comments, text, other programs' data, bytes between the blocks, and images
    after the first that is one too many. Of several graphic controls before an image the last one
    counts (GIF89a, 23). Raises ``Rejected``, ``too_complex``, for one of too many blocks.
    """
    at = _HEADER + _palette_length(data[10:11])
    kept, control, loop = bytearray(data[:at]), b"", b""
    blocks = images = 0
    while images <= MAX_FRAMES and (found := _BLOCK.search(data, at)):
        start = found.start()
        blocks += 1
        if blocks > MAX_BLOCKS:
            raise Rejected(Reason.TOO_COMPLEX, f"This GIF has over {MAX_BLOCKS} blocks.")
        if found[0] == b"!":
            at = _skip(data, start + 2)
            begin = data[start : start + 2] + _first_block(data, start + 2)
            if begin.startswith(_CONTROL):
                control = begin + b"\0"
            elif begin == _LOOP and not loop:
                loop = begin + _first_block(data, start + len(begin)) + b"\0"
                kept += loop
        elif found[0] == b",":
            palette = _palette_length(data[start + 9 : start + 10])
            at = _skip(data, start + _IMAGE_HEADER + palette + 1)
            kept += control + data[start:at]
            control = b""
            images += 1
        else:
            return bytes(kept) + b";"
    return bytes(kept)


def _palette_length(flags: bytes) -> int:
    """Return how many bytes the palette has that a header's flags announce; 0 without one."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _first_block(data: bytes, at: int) -> bytes:
    """Return the first of some sub-blocks, after the byte of its length; empty without one."""
    return data[at : at + 1 + data[at]] if at < len(data) and data[at] else b""


def _skip(data: bytes, at: int) -> int:
    """Return where the sub-blocks that start at ``at`` end, or the file does."""
    end = len(data)
    while at < end and (length := data[at]):
        at += 1 + length
    return min(at + 1, end)
