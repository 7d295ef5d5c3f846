"""Small hostile files, each with the reason for which an upload of it is rejected."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from function.contract import Status
from function.engine.errors import Reason
from local.uploader import upload_all

_SIDE: Final = 60_000
"""Pixels: a bomb of 3,600 megapixels, above any ``maxMegapixels``."""

_METADATA_URL: Final = "http://169.254.169.254/latest/meta-data/"


def files() -> Mapping[str, tuple[bytes, Reason]]:
    """Return contents and reason by file name."""
    photo = _photo()
    return {
        "bomb.png": (_bomb(), Reason.TOO_MANY_PIXELS),
        "truncated.jpg": (photo[: len(photo) // 2], Reason.TRUNCATED),
        "external.svg": (_external(), Reason.UNSAFE_SVG),
        "polyglot.jpg": (photo + _archive(), Reason.POLYGLOT),
        "empty.jpg": (b"", Reason.EMPTY),
    }


def check(live: Live, folder: Path) -> Outcome:
    """Upload all of them by the public door.

    Raises:
        StepFailed: one did not end as it should, or became a dead letter.
    """
    expected = files()
    for name, (body, _reason) in expected.items():
        (folder / name).write_bytes(body)
    paths = [folder / name for name in expected]
    results = upload_all(paths, *live.doors, presigned=live.is_presigned)
    figures: dict[str, str] = {}
    for (name, (body, reason)), result in zip(expected.items(), results, strict=True):
        code = result.error["code"] if result.error else "ready"
        figures[name] = code
        # The signer's form takes 1 byte and more, so that S3 itself refuses an empty file.
        if not body and live.is_presigned and result.status == "refused":
            continue
        if (result.status, code) != (Status.REJECTED, reason):
            raise StepFailed(f"{name} ended {result.status} ({code}), not rejected ({reason}).")
    live.check_queues()
    return Outcome(
        detail=f"{len(figures)} rejected, no dead letter: {', '.join(figures.values())}",
        figures={"codes": figures},
        usd=live.cost(result for result in results if result.status == Status.REJECTED),
    )


def _photo() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def _bomb() -> bytes:
    """Return a PNG whose header promises far more pixels than it has."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def _external() -> bytes:
    """Return a drawing that would have the function fetch a URL."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">'
        f'<image href="{_METADATA_URL}" width="100" height="100"/></svg>'
    ).encode()


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    return buffer.getvalue()
