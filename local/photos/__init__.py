"""Sample photos for the demo: the formats, sizes and metadata of real uploads.

Package indexes have no real photographs of 8 megapixels or more with a free licence, and nothing
else is downloaded. So the landscapes are painted on this machine (``scenes``); the sticker, the
screenshot and the animation were drawn for this project, and lie in this folder.
"""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import ExifTags, Image

from local.photos import scenes

INDEX: Final = ".photos.json"
"""Says which photos of a folder are whole, and which version of this package made them."""

_UPRIGHT: Final = 6
"""EXIF orientation of a phone held upright: turn the stored pixels clockwise to see them."""


def sample_photos(folder: Path, progress: Callable[[str], None] | None = None) -> list[Path]:
    """Write the sample photos that are missing, damaged or out of date; about 15 s for all six.

    Args:
        folder: where they are kept from one demo to the next; made if missing.
        progress: told each photo's name once it is there.

    Returns:
        Their paths: two JPEGs (12 megapixels; a portrait that is upright by EXIF alone), a HEIC,
        two PNGs (a sticker with alpha; a screenshot) and an animated GIF. JPEGs and HEIC say where
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
    return _encode(scenes.lake(np.random.default_rng(7)), "JPEG", quality=93, exif=exif)


def _desert() -> bytes:
    exif = _exif(datetime(2025, 12, 19, 6, 14, 40, tzinfo=UTC), 31.0987, 4.0132, 612)
    exif[ExifTags.Base.Orientation] = _UPRIGHT
    upright = scenes.dunes(np.random.default_rng(11), 1224, 1632)
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    return _encode(stored, "JPEG", quality=91, exif=exif)


def _dunes() -> bytes:
    exif = _exif(datetime(2025, 12, 19, 6, 31, 2, tzinfo=UTC), 31.1002, 4.0107, 604)
    photo = scenes.dunes(np.random.default_rng(7), 1632, 1224)
    buffer = io.BytesIO()
    # In tiles, as phones do: libde265 reports some large pictures of one tile as damaged.
    import_module("pillow_heif").from_pillow(photo).save(
        buffer, quality=60, tile_size=512, exif=exif.tobytes()
    )
    return buffer.getvalue()


def _drawn(name: str) -> Callable[[], bytes]:
    return (Path(__file__).parent / name).read_bytes


PHOTOS: Final[dict[str, Callable[[], bytes]]] = {
    "lake.jpg": _lake,
    "desert.jpg": _desert,
    "dunes.heic": _dunes,
    "balloon.png": _drawn("balloon.png"),
    "screenshot.png": _drawn("screenshot.png"),
    "lighthouse.gif": _drawn("lighthouse.gif"),
}
"""How each sample is made, by file name; the same bytes each time on one machine."""


def _exif(taken: datetime, latitude: float, longitude: float, altitude: float) -> Image.Exif:
    """Return what a phone writes; degrees north and east, metres above the sea."""
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
    """Return a digest of what the bytes depend on: this package and the libraries' versions."""
    versions = [version(library) for library in ("numpy", "pillow", "pillow-heif")]
    digest = hashlib.sha256(" ".join(versions).encode())
    for source in sorted(Path(__file__).parent.glob("*.*")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _read_index(path: Path, recipe: str) -> dict[str, str]:
    try:
        index = json.loads(path.read_bytes())
        return dict(index["sha256"]) if index["recipe"] == recipe else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
