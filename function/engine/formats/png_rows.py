"""Decode PNG rows faster: inflate with ISA-L, undo filters in the C module, the rest by Pillow.

Pillow spends two thirds of a photo's decode on undoing filters byte by byte (docs/decoder.md). Its
interface for decoders leaves the file to Pillow: chunks, metadata, and what counts as damage.
"""

import io
import struct
import weakref
from importlib import import_module
from typing import Any, Final

from PIL import Image, ImageFile
from PIL.PngImagePlugin import Disposal, PngImageFile

from function.engine import vectors
from function.engine.errors import Reason, Rejected
from function.engine.formats import png_samples

_zlib: Any = import_module("isal.isal_zlib")  # its types are not complete

_CHANNELS: Final = {"RGB": 3, "RGBA": 4}
"""Bytes of a pixel in the stream, by mode; Pillow's memory has four for both."""

_BITS_AT: Final = 24  # where the header says how many bits a sample has

_PIECE: Final = 1 << 17  # bytes of rows, about, that are inflated at once
_READ: Final = 1 << 16  # bytes of the stream, at least, that are read at once: Pillow reads as many
_DONE, _BROKEN = (-1, 0), (-1, -2)
"""Pillow's answers for all rows decoded, and for a stream that cannot be read."""

MAX_CHUNKS: Final = 200_000
"""Chunks of a file, and one more for each 4 KB: Pillow takes 4 µs for each. libpng writes 8 KB."""

MAX_COMPRESSED: Final = 1000
"""Compressed chunks besides the picture's own. Pillow inflates up to 1 MB of each, in 3 ms; its cap
on all text passes over colour profiles, and over text whose checksum is wrong."""

_COMPRESSED: Final = frozenset({b"iCCP", b"zTXt", b"iTXt"})
_PICTURE: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_USED: Final = frozenset({b"iCCP", b"eXIf", b"iTXt"})
"""Metadata that decides how a picture looks: its colours, and its orientation as EXIF or XMP."""

_METADATA: Final = {b"eXIf": "exif", b"XML:com.adobe.xmp\0": "xmp"}
"""Pillow's name for what a chunk holds, by the chunk's type or by the keyword of its text."""


def open_image(data: bytes) -> PngImageFile:
    """Open a PNG or APNG.

    Raises:
        Rejected: ``too_complex`` for one that is cut into too many chunks; ``broken_image`` when
            the palette is missing, which Pillow asserts only once it is asked about transparency.
    """
    late = check_chunks(data)
    try:
        image = PngImageFile(io.BytesIO(data))
    except (SyntaxError, ValueError):  # for metadata too, which a picture can do without
        image = _open_without_metadata(data)
    for name, value in late.items():
        image.info.setdefault(name, value)
    if image.mode == "P" and image.palette is None:
        raise Rejected(Reason.BROKEN_IMAGE, "This PNG image has no palette.")
    png_samples.complete(image, bits=data[_BITS_AT])
    if image.default_image:  # it is not part of the animation, which begins with an empty canvas
        image.dispose_op, image.dispose_extent = Disposal.OP_BACKGROUND, (0, 0, *image.size)
    return image


def check_chunks(data: bytes) -> dict[str, bytes]:
    """Reject a PNG whose chunks alone would take seconds to walk or to inflate.

    Returns EXIF and XMP from behind the pixels, under Pillow's names: Pillow itself reads them only
    once it has decoded these.
    """
    most = MAX_CHUNKS + len(data) // 4096
    at, compressed, late, has_pixels = 8, 0, dict[str, bytes](), False
    for _ in range(most):
        length, kind, body = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if at + 12 >= len(data) or kind == b"IEND":
            return late
        has_pixels |= kind == b"IDAT"
        name = _METADATA.get(data[body : body + 18] if kind == b"iTXt" else kind)
        if has_pixels and name:
            late[name] = data[body : body + length]
        compressed += kind in _COMPRESSED
        if compressed > MAX_COMPRESSED:
            message = f"This PNG has over {MAX_COMPRESSED} compressed chunks."
            raise Rejected(Reason.TOO_COMPLEX, message)
        at += 12 + length
    raise Rejected(Reason.TOO_COMPLEX, f"This PNG has over {most} chunks.")


def _open_without_metadata(data: bytes) -> PngImageFile:
    """Open the (first) picture of a PNG, of its metadata with what decides how it looks.

    Pillow may refuse a profile or XMP. EXIF it takes as it is.
    """
    try:
        return PngImageFile(io.BytesIO(_keep_chunks(data, _USED)))
    except (SyntaxError, ValueError):
        return PngImageFile(io.BytesIO(_keep_chunks(data, frozenset({b"eXIf"}))))


def _keep_chunks(data: bytes, metadata: frozenset[bytes]) -> bytes:
    """Return a PNG with the chunks of its picture, and intact metadata of some kinds."""
    kept, at = bytearray(data[:8]), 8
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, checksum = data[at + 4 : at + 8], int.from_bytes(data[end - 4 : end], "big")
        if kind in _PICTURE or (
            kind in metadata and _zlib.crc32(memoryview(data)[at + 4 : end - 4]) == checksum
        ):
            kept += data[at:end]
        at = end
    return bytes(kept)


class _Rows(ImageFile.PyDecoder):
    """Decoder of one image's rows."""

    _pulls_fd = True  # Pillow hands over no data: `_gather` reads the compressed stream

    def init(self, args: tuple[Any, ...]) -> None:
        mode, image = args
        self._channels = _CHANNELS[mode]
        self._image: weakref.ref[PngImageFile] = image
        self._inflater = _zlib.decompressobj()
        self._row = 0

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:  # noqa: ARG002 - Pillow's
        """Decode all rows, or raise ``OSError`` if the stream ends before; ``buffer`` is empty."""
        height, stride = self.state.ysize, 1 + self._channels * self.state.xsize
        while self._row < height:
            rows = min(max(1, _PIECE // stride), height - self._row)
            try:
                piece = self._inflate(rows * stride)
            except _zlib.error:
                return _BROKEN
            if not self._store(piece, stride):
                return _BROKEN
            if len(piece) < rows * stride:
                break  # Pillow, too, takes a stream that ends early, after a whole row
        return _DONE

    def _inflate(self, wanted: int) -> bytes:
        """Inflate ``wanted`` bytes, or fewer where the stream says that it is complete."""
        parts: list[bytes] = []
        while wanted and not self._inflater.eof:
            # Even without new input there may be more output: the inflater holds some back.
            part = self._inflater.decompress(self._inflater.unconsumed_tail, wanted)
            if not part and not self._inflater.eof:
                part = self._inflater.decompress(self._gather(), wanted)
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _gather(self) -> bytes:
        """Read more of the stream, over several chunks: one may hold as little as a byte."""
        parts, length = list[bytes](), 0
        image: Any = self._image()
        while length < _READ:
            at = image.fp.tell()
            try:
                part = image.load_read(_READ)
            except (struct.error, SyntaxError):
                if not parts:
                    raise
                image.fp.seek(at)  # the stream may be complete, and Pillow ignores what follows it
                break
            if not part:
                break
            parts.append(part)
            length += len(part)
        if not parts:
            raise OSError("image file is truncated")
        return b"".join(parts)

    def _store(self, piece: bytes, stride: int) -> bool:
        """Undo the filters of some rows and store them; False if they are damaged."""
        rows, rest = divmod(len(piece), stride)
        first, self._row = self._row, self._row + rows
        if rest or not self._row:
            return False
        size = (self.state.xsize, self.state.ysize)
        return vectors.unfilter(piece, self._channels, self.im, size, first)


Image.register_decoder("png_rows", _Rows)


def decode_here(image: PngImageFile) -> None:
    """Have an opened PNG decoded by ``_Rows`` when it is loaded, if it is not unusual."""
    if not vectors.load_module() or len(image.tile) != 1 or image.info.get("interlace"):
        return
    tile = image.tile[0]
    plain = tile.codec_name == "zip" and tile.extents == (0, 0, *image.size)
    if plain and tile.args == image.mode and image.mode in _CHANNELS:
        # A weak reference, because an image that holds itself would keep the upload in memory.
        args = (image.mode, weakref.ref(image))
        image.tile = [tile._replace(codec_name="png_rows", args=args)]
