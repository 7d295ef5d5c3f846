"""PNG at speed: inflated by ISA-L, unfiltered by the C module, all else by Pillow as before.

Pillow spends two thirds of a photo's decode on undoing filters byte by byte (docs/decoder.md). Its
interface for decoders lets another one have the rows and leaves the file to Pillow: chunks,
metadata, and what counts as damage.
"""

from importlib import import_module
from typing import Any, Final, cast

from PIL import Image, ImageFile

from function.vectors import Lendable, has_module, unfilter

_zlib: Any = import_module("isal.isal_zlib")  # its types are not complete

_CHANNELS: Final = {"RGB": 3, "RGBA": 4}
"""Bytes of a pixel in the modes that are decoded here; Pillow's memory has four for both."""

_PIECE: Final = 1 << 17
"""Bytes of rows that are inflated at once, about."""

_BROKEN: Final = -2
"""Pillow's code for a stream that cannot be read."""

_DONE: Final = (-1, 0)


class _Rows(ImageFile.PyDecoder):
    """What Pillow feeds the compressed stream to, piece by piece."""

    def init(self, args: tuple[Any, ...]) -> None:
        self._inflater = _zlib.decompressobj()
        self._channels = _CHANNELS[args[0]]
        self._row = 0
        self._parts: list[bytes] = []

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        """Store what rows there are by pieces; asks for more until the last one, or the end."""
        height = self.state.ysize
        stride = 1 + self._channels * self.state.xsize
        data = cast("bytes", buffer)
        given = len(data)
        while self._row < height:
            rows = min(max(1, _PIECE // stride), height - self._row)
            missing = rows * stride - sum(map(len, self._parts))
            try:
                part = self._inflater.decompress(data, missing)
            except _zlib.error:
                return -1, _BROKEN
            data = self._inflater.unconsumed_tail
            self._parts.append(part)
            if len(part) < missing and not self._inflater.eof:
                return given, 0
            if not self._store(stride):
                return -1, _BROKEN
            if len(part) < missing:  # as to Pillow, a stream may end early, after a whole row
                break
        return _DONE

    def _store(self, stride: int) -> bool:
        """Undo the filters of the rows that have come, and forget them."""
        piece = b"".join(self._parts)
        self._parts.clear()
        rows, rest = divmod(len(piece), stride)
        first, self._row = self._row, self._row + rows
        if rest or not self._row:
            return False
        size = (self.state.xsize, self.state.ysize)
        return unfilter(piece, self._channels, cast("Lendable", self.im), size, first)


Image.register_decoder("png_rows", _Rows)


def hasten(image: ImageFile.ImageFile) -> None:
    """Let an opened PNG be decoded here when it is loaded, if it is of a kind that can be."""
    if not has_module() or len(image.tile) != 1 or image.info.get("interlace"):
        return
    tile = image.tile[0]
    plain = tile.codec_name == "zip" and tile.extents == (0, 0, *image.size)
    if plain and tile.args == image.mode and image.mode in _CHANNELS:
        image.tile = [tile._replace(codec_name="png_rows")]
