"""Open BMPs by Pillow, and more of them than it does."""

import io
from typing import Any, Final

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile, BmpRleDecoder

from function.engine.errors import Reason, Rejected

_UNSUPPORTED: Final = (
    "Unsupported BMP bitfields",
    "Unsupported BMP pixel depth",
    "Unsupported BMP compression",
)
"""How Pillow's messages begin for what others may well open."""

_END: Final = b"\x00\x01"  # of a bitmap in run lengths


def open_image(data: bytes) -> BmpImageFile:
    """Open a BMP.

    Raises:
        Rejected: ``unsupported_codec`` for a compression or layout that Pillow does not know.
    """
    try:
        image = BmpImageFile(io.BytesIO(data))
    except OSError as error:
        if not str(error).startswith(_UNSUPPORTED):
            raise
        message = "BMP images of this compression or layout are not supported."
        raise Rejected(Reason.UNSUPPORTED_CODEC, message) from error
    image.tile = [
        tile._replace(codec_name="bmp_runs") if tile.codec_name == "bmp_rle" else tile
        for tile in image.tile
    ]
    return image


class _Runs(BmpRleDecoder):
    """Pillow's decoder of run lengths, except that a bitmap may end before its last pixel.

    Photoshop leaves out what is of the first colour. Pillow calls such a file damaged.
    """

    def set_as_raw(
        self, data: bytes | bytearray, rawmode: str | None = None, extra: tuple[Any, ...] = ()
    ) -> None:
        """Store the pixels, and those of the first colour that were left out."""
        file: Any = self.fd
        file.seek(-len(_END), io.SEEK_CUR)
        if file.read(len(_END)) == _END:
            data = data.ljust(self.state.xsize * self.state.ysize, b"\0")
        super().set_as_raw(data, rawmode, extra)


Image.register_decoder("bmp_runs", _Runs)
