"""Small hostile files, each with the reason for which an upload of it is rejected."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import putchunk

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.photos import encode
from function.contract import Status
from function.engine.errors import Reason
from local.uploader import upload_all

_SIDE: Final = 60_000
"""Pixels: a bomb of 3,600 megapixels, above any ``maxMegapixels``."""

_EXTERNAL: Final = b"""<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">\
<image href="http://169.254.169.254/latest/meta-data/" width="100" height="100"/></svg>"""
"""A drawing that would have the function fetch a URL."""


def files() -> Mapping[str, tuple[bytes, Reason]]:
    """Return contents and reason by file name."""
    photo = encode(Image.radial_gradient("L").convert("RGB"), "JPEG")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        # Without the time of day, which would make each archive another one.
        file.writestr(zipfile.ZipInfo("index.html"), "<script>alert(1)</script>")
    return {
        "bomb.png": (_bomb(), Reason.TOO_MANY_PIXELS),
        "truncated.jpg": (photo[: len(photo) // 2], Reason.TRUNCATED),
        "external.svg": (_EXTERNAL, Reason.UNSAFE_SVG),
        "polyglot.jpg": (photo + archive.getvalue(), Reason.POLYGLOT),
        "empty.jpg": (b"", Reason.EMPTY),
    }


def check(live: Live, folder: Path) -> Outcome:
    """Upload all of them over the public endpoint; each must be rejected for its reason."""
    expected = files()
    paths = [folder / name for name in expected]
    for path in paths:
        path.write_bytes(expected[path.name][0])
    results = upload_all(paths, *live.doors, presigned=live.is_presigned)
    codes: list[str] = []
    for (name, (body, reason)), result in zip(expected.items(), results, strict=True):
        code = result.error.code if result.error else "ready"
        codes.append(f"{name} {code}")
        # The signer's form takes 1 byte and more, so that S3 itself refuses an empty file.
        if not body and live.is_presigned and result.status == "refused":
            continue
        if (result.status, code) != (Status.REJECTED, reason):
            raise StepFailed(f"{name} ended {result.status} ({code}), not rejected ({reason}).")
    live.check_queues()
    return Outcome(
        detail=f"{len(codes)} rejected, no dead letter: {', '.join(codes)}",
        usd=live.cost(result for result in results if result.status == Status.REJECTED),
    )


def _bomb() -> bytes:
    """Return a PNG whose header promises far more pixels than it has."""
    buffer = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    buffer.seek(0, io.SEEK_END)
    putchunk(buffer, b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0))
    putchunk(buffer, b"IDAT", zlib.compress(bytes(100)))
    putchunk(buffer, b"IEND")
    return buffer.getvalue()
