"""Files that cost a decoder many seconds or a gigabyte, as strangers would build them."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from tests.support.pictures import encoded, gradient, png_chunk

PNG: Final = b"\x89PNG\r\n\x1a\n"


def png_head(width: int, height: int, colour_type: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return PNG + png_chunk(b"IHDR", header)


def png_with_profile(profile: bytes) -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    chunk = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile, 9))
    return data[:33] + chunk + data[33:]


def profile_of(tag: bytes, body: bytes) -> bytes:
    """An RGB profile (ICC v4) with one tag."""
    head = struct.pack(
        ">I4sI4s4s4s", 144 + len(body), b"none", 0x04400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, tag, 144, len(body)) + body


def many_elements(tag: bytes = b"D2B1", count: int = 32_000) -> bytes:
    """A pipeline of thousands of matrices, all of them one and the same twelve numbers."""
    matrix = b"matf" + bytes(4) + struct.pack(">HH", 3, 3)
    matrix += struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    at = 16 + 8 * count
    body = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, count)
    body += struct.pack(">II", at, len(matrix)) * count + matrix
    return png_with_profile(profile_of(tag, body))


def many_tags() -> bytes:
    """A profile that claims more tags than any file has bytes."""
    profile = profile_of(b"rTRC", b"curv" + bytes(8))
    return png_with_profile(profile[:128] + b"\xff" * 4 + profile[132:])


def many_samples(tag: bytes = b"D2B1", curves: int = 3, samples: int = 100_000_000) -> bytes:
    """Curves that claim more samples than the file has bytes."""
    segment = b"samf" + bytes(4) + struct.pack(">I", samples)
    curve = b"curf" + bytes(4) + struct.pack(">HH", 1, 0) + segment
    element = b"cvst" + bytes(4) + struct.pack(">HH", curves, curves)
    element += struct.pack(">II", 12 + 8 * curves, len(curve)) * curves + curve
    body = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, 1) + struct.pack(">II", 24, len(element))
    return png_with_profile(profile_of(tag, body + element))


def many_idats(count: int = 50_000, colour_type: int = 2) -> bytes:
    """A PNG whose compressed stream comes in chunks of one byte."""
    width = 3000
    channels = {2: 3, 6: 4, 0: 1}[colour_type]
    row = b"\0" + bytes(range(256)) * (width * channels // 256 + 1)
    stream = zlib.compress(row[: 1 + width * channels] * 1000, 0)
    chunks = b"".join(png_chunk(b"IDAT", stream[i : i + 1]) for i in range(count))
    rest = png_chunk(b"IDAT", stream[count:])
    return png_head(width, 1000, colour_type) + chunks + rest + png_chunk(b"IEND", b"")


def many_chunks(megabytes: int = 24, kind: bytes = b"teSt") -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    return data[:33] + png_chunk(kind, b"") * (megabytes * 1_000_000 // 12) + data[33:]


def many_profiles(megabytes: int = 24) -> bytes:
    """Colour profiles that inflate to 1 MB each; Pillow reads every one and keeps the last."""
    return many_inflated(png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(1 << 20))), megabytes)


def many_texts(name: bytes = b"zTXt", head: bytes = b"a\0\0", megabytes: int = 24) -> bytes:
    """Texts of 1 MB with a wrong checksum, which Pillow inflates and then takes for empty."""
    body = zlib.compress(bytes((1 << 20) - 1))[:-1] + b"\0"
    return many_inflated(png_chunk(name, head + body), megabytes)


def many_inflated(chunk: bytes, megabytes: int) -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    return data[:33] + chunk * (megabytes * 1_000_000 // len(chunk)) + data[33:]


JPEG: Final = encoded(gradient((64, 48)), "JPEG")


def jpeg_with(segments: bytes) -> bytes:
    return JPEG[:2] + segments + JPEG[2:]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def many_scans(side: int = 7000, scans: int = 5000) -> bytes:
    """A sequential JPEG that repeats one component's scan; each goes over the whole picture."""
    data = encoded(Image.new("RGB", (16, 16)), "JPEG", subsampling=0)
    frame = data.index(b"\xff\xc0")
    start = data.index(b"\xff\xda")
    head = bytearray(data[:start])
    head[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    scan = segment(0xDA, bytes((1, 1, 0, 0, 63, 0)))
    return bytes(head) + scan * scans + b"\xff\xd9"


def progressive_scans(side: int = 7000, scans: int = 190) -> bytes:
    """Refinements of a picture, below the number that is refused, each of 76 bytes.

    One code says that 32,767 blocks have nothing to refine; libjpeg looks at each to find that.
    """
    blocks = (-(-side // 8)) ** 2
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    head += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes((1, 0x11, 0)))
    head += segment(0xC4, b"\0" + bytes((1, *[0] * 15)) + b"\0")
    head += segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\xe0")
    first = segment(0xDA, bytes((1, 1, 0, 0, 0, 1))) + bytes(blocks // 8 + 1)
    code = "011111111111111" * -(-blocks // 32767)
    code += "1" * (-len(code) % 8)
    coded = int(code, 2).to_bytes(len(code) // 8, "big").replace(b"\xff", b"\xff\0")
    refinement = segment(0xDA, bytes((1, 1, 0, 1, 63, 0x10))) + coded
    return head + first + refinement * scans + b"\xff\xd9"


QM_STATES: Final = (
    *((0x5A1D, True), (0x2586, False), (0x1114, False), (0x080B, False), (0x03D8, False)),
    *((0x01DA, False), (0x00E5, False), (0x006F, False), (0x0036, False), (0x001A, False)),
    *((0x000D, False), (0x0006, False), (0x0003, False), (0x0001, False)),
)
"""Size of the less probable symbol's interval, and whether that symbol becomes the more probable
one, in the states that a decision goes through while its outcomes are all alike (T.81, Table D.3).
"""


class Coder:
    """An arithmetic coder (T.81, Annex D) for decisions whose outcomes are all alike."""

    def __init__(self) -> None:
        self._code, self._interval, self._shifts = 0, 1 << 16, 0
        self._states: dict[int, tuple[int, int]] = {}

    def add(self, decision: int, outcome: int) -> None:
        state, likely = self._states.get(decision, (0, 0))
        least, switches = QM_STATES[state]
        self._interval -= least
        if outcome != likely:
            assert switches
            self._states[decision] = (1, outcome)
            self._take(larger=self._interval >= least, least=least)
        elif self._interval < 1 << 15:
            self._states[decision] = (min(state + 1, len(QM_STATES) - 1), likely)
            self._take(larger=self._interval < least, least=least)

    def add_even(self) -> None:
        """Add a 0 of two outcomes that stay equally probable."""
        least = QM_STATES[0][0]
        self._interval -= least
        if self._interval < 1 << 15:
            self._take(larger=self._interval < least, least=least)

    def _take(self, *, larger: bool, least: int) -> None:
        if larger:
            self._code += self._interval
            self._interval = least
        while self._interval < 1 << 15:
            self._interval <<= 1
            self._code <<= 1
            self._shifts += 1

    def finish(self) -> bytes:
        bits = 16 + self._shifts
        pad = -bits % 8
        code = (self._code << pad).to_bytes((bits + pad) // 8, "big").rstrip(b"\0")
        return code.replace(b"\xff", b"\xff\0")


def arithmetic_scans(side: int = 7000, scans: int = 18) -> bytes:
    """A progressive JPEG whose arithmetic coder learns in 40 blocks that no coefficient is 0.

    After the end of a scan's data libjpeg goes on to decode what the coder holds for most probable.
    """
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    head += segment(0xCA, struct.pack(">BHHB", 8, side, side, 1) + bytes((1, 0x11, 0)))
    coder = Coder()
    for _ in range(40):
        for decision in range(0, 3 * 63, 3):
            coder.add(decision, 0)  # not the block's end
            coder.add(decision + 1, 1)  # a coefficient
            coder.add_even()  # its sign
            coder.add(decision + 2, 0)  # no larger than 1
    first = segment(0xDA, bytes((1, 1, 0, 0, 0, 0)))
    scan = segment(0xDA, bytes((1, 1, 0, 1, 63, 0))) + coder.finish()
    return head + first + scan * scans + b"\xff\xd9"


def many_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xFE, b"") * (megabytes * 250_000))


def many_exif_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(60_000)) * (megabytes * 1_000_000 // 60_000))


def many_small_exif_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xE1, b"Exif\0\0") * (megabytes * 100_000))


def fill(megabytes: int = 24, byte: bytes = b"\0") -> bytes:
    return jpeg_with(b"\xff" + byte * (megabytes * 1_000_000))


GIF: Final = encoded(gradient((32, 24)), "GIF")
GIF_HEAD: Final = 13 + (3 << ((GIF[10] & 7) + 1) if GIF[10] & 0x80 else 0)


def gif_with(blocks: bytes) -> bytes:
    return GIF[:GIF_HEAD] + blocks + GIF[GIF_HEAD:]


def comment_of_bytes(megabytes: int = 8) -> bytes:
    """One comment in blocks of one byte."""
    return gif_with(b"\x21\xfe" + b"\x01a" * (megabytes * 500_000) + b"\0")


def many_comments(megabytes: int = 24) -> bytes:
    return gif_with(b"\x21\xfe\x01a\0" * (megabytes * 200_000))


def many_controls(megabytes: int = 24) -> bytes:
    return gif_with(b"\x21\xf9\x04\0\0\0\0\0" * (megabytes * 125_000))


BOMBS: Final[Mapping[str, Callable[[], bytes]]] = {
    "icc elements": many_elements,
    "icc elements in A2B1": lambda: many_elements(b"A2B1"),
    "icc tags": many_tags,
    "icc samples": many_samples,
    "png idats": many_idats,
    "png idats of Pillow's own": lambda: many_idats(colour_type=0),
    "png chunks": many_chunks,
    "png empty idats": lambda: many_chunks(kind=b"IDAT"),
    "png profiles": many_profiles,
    "png texts": many_texts,
    "png international texts": lambda: many_texts(b"iTXt", b"a\0\1\0\0\0"),
    "jpeg sequential scans": many_scans,
    "jpeg sequential scans, few": lambda: many_scans(scans=190),
    "jpeg progressive scans": progressive_scans,
    "jpeg arithmetic scans": arithmetic_scans,
    "jpeg segments": many_segments,
    "jpeg exif": many_exif_segments,
    "jpeg small exif": many_small_exif_segments,
    "jpeg fill 0": fill,
    "jpeg fill 255": lambda: fill(byte=b"\xff"),
    "gif comment": comment_of_bytes,
    "gif comments": many_comments,
    "gif controls": many_controls,
}
