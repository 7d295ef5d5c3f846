"""Sample photos for the demo: made on this machine, with the content and weight of real uploads.

Nothing is downloaded and nothing is committed: scenes are rendered from seeded noise. They have
nature's 1/f spectrum and a sensor's grain, so that they compress, and resize, as photos do.
"""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL
from PIL import ExifTags, Image

from local.photos import aurora, balloon, dunes, lake, lighthouse, planner

INDEX: Final = ".photos.json"
"""Says which photos of a folder are whole, and which version of this package made them."""

_UPRIGHT: Final = 6
"""EXIF orientation of a phone held upright: turn the stored pixels clockwise to see them."""


def sample_photos(folder: Path, progress: Callable[[str], None] | None = None) -> list[Path]:
    """Write the sample photos that are missing, damaged or out of date; about 10 s for all six.

    Args:
        folder: where they are kept from one demo to the next; made if missing.
        progress: told each photo's name once it is there.

    Returns:
        Their paths: two JPEGs (12 megapixels; a portrait that is upright by EXIF alone), a WebP,
        two PNGs (a sticker with alpha; a screenshot) and an animated GIF. Both JPEGs say where
        they were taken, so that stripping the position can be shown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = _recipe()
    known = _read_index(folder / INDEX, recipe)
    for name, make in PHOTOS.items():
        path = folder / name
        if name not in known or known[name] != _checksum(path):
            _write(path, make())
            known[name] = _checksum(path)
            _write(folder / INDEX, json.dumps({"recipe": recipe, "sha256": known}).encode())
        if progress:
            progress(name)
    return [folder / name for name in PHOTOS]


def _lake() -> bytes:
    exif = _exif(datetime(2025, 10, 4, 18, 52, 9, tzinfo=UTC), 46.7281, 8.1834, 1428)
    return _encode(lake.paint(np.random.default_rng(7)), "JPEG", quality=93, exif=exif)


def _aurora() -> bytes:
    exif = _exif(datetime(2025, 12, 19, 22, 14, 40, tzinfo=UTC), 68.3493, 18.8312, 385)
    exif[ExifTags.Base.Orientation] = _UPRIGHT
    stored = aurora.paint(np.random.default_rng(7)).transpose(Image.Transpose.ROTATE_90)
    return _encode(stored, "JPEG", quality=91, exif=exif)


def _dunes() -> bytes:
    return _encode(dunes.paint(np.random.default_rng(7)), "WEBP", quality=92, method=3)


def _lighthouse() -> bytes:
    first, *others = lighthouse.draw()
    return _encode(first, "GIF", save_all=True, append_images=others, duration=80, loop=0)


PHOTOS: Final[dict[str, Callable[[], bytes]]] = {
    "lake.jpg": _lake,
    "aurora.jpg": _aurora,
    "dunes.webp": _dunes,
    "balloon.png": lambda: _encode(balloon.draw(), "PNG"),
    "screenshot.png": lambda: _encode(planner.draw(), "PNG"),
    "lighthouse.gif": _lighthouse,
}
"""How each sample is made, by file name; the same bytes each time on one machine."""


def _exif(taken: datetime, latitude: float, longitude: float, altitude: float) -> Image.Exif:
    """What a phone writes; degrees north and east, metres above the sea."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Example", "Phone 12"
    exif[ExifTags.Base.Software] = "17.1"
    exif[ExifTags.Base.Orientation] = 1
    exif[ExifTags.Base.DateTime] = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: f"{taken:%Y:%m:%d %H:%M:%S}",
            ExifTags.Base.ExposureTime: 1 / 30,
            ExifTags.Base.FNumber: 1.8,
            ExifTags.Base.ISOSpeedRatings: 400,
            ExifTags.Base.FocalLength: 5.7,
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: _degrees(latitude),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: _degrees(longitude),
            ExifTags.GPS.GPSAltitude: altitude,
        }
    )
    return exif


def _degrees(angle: float) -> tuple[float, float, float]:
    minutes = angle % 1 * 60
    return float(int(angle)), float(int(minutes)), round(minutes % 1 * 60, 2)


def _encode(image: Image.Image, format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _recipe() -> str:
    """What the bytes depend on: this package's sources and the libraries' versions."""
    digest = hashlib.sha256(f"{PIL.__version__} {np.__version__}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _read_index(path: Path, recipe: str) -> dict[str, str]:
    try:
        index = json.loads(path.read_bytes())
        return dict(index["sha256"]) if index["recipe"] == recipe else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
