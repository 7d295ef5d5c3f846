"""The table of docs/phones.md: what becomes of the files that phones, cameras and editors make."""

import io
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from function.engine import colour
from function.engine.decode import decode
from function.engine.errors import Reason
from function.engine.formats.iso_media import family
from function.engine.formats.jpeg import FORMAT as JPEG
from function.engine.losses import Loss
from function.engine.render import render
from function.engine.renditions import Quality, Rendition
from function.engine.results import Task
from tests.support.engine import rejection
from tests.support.iso_media import box
from tests.support.pictures import camera_exif, encoded, gradient

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| .+ \| .+ \| (.*) \| `((?:pillow|pillow-heif)/\S+)` \|$", re.MULTILINE)
ROWS = [
    (name, {Loss(code) for code in re.findall(r"`(\w+)`", codes)})
    for codes, name in ROW.findall((ROOT / "docs" / "phones.md").read_text())
]
PHOTO = gradient((320, 240))
WHOLE = Rendition(name="whole", width=512, height=512, formats=("png",))
MOST = 1.0
"""Levels of 255 by which pixels may differ on average. Pillow's own scaling of a JPEG while it is
decoded, and its conversions, leave less."""


@pytest.fixture
def image(images):
    """Returns the bytes of a test image, named as docs/phones.md does."""

    def read(name: str) -> bytes:
        distribution, _, path = name.partition("/")
        folder = {"pillow": "pillow-1*/Tests", "pillow-heif": "pillow_heif-*/tests"}[distribution]
        (found,) = images.glob(f"{folder}/images/{path}")
        return found.read_bytes()

    return read


def outcome(data: bytes) -> tuple[Image.Image, set[Loss]]:
    """The rendition of an upload at 512 pixels or its own size, and the codes that it is told."""
    task = Task((WHOLE,), 100_000_000, quality=Quality.BEST)
    source = decode(data, task)
    (rendered,) = render(source, task)
    return Image.open(io.BytesIO(rendered.body)), {*source.losses}


def by_pillow(data: bytes) -> Image.Image:
    is_heic = family(data) == "heic"
    plain = pillow_heif.open_heif(data).to_pillow() if is_heic else Image.open(io.BytesIO(data))
    picture = colour.to_srgb(ImageOps.exif_transpose(plain), plain.info.get("icc_profile"))
    if plain.info.get("gamma") != 1:
        return picture
    light = [level / 255 for level in range(256)]  # as a PNG with this ``gAMA`` has it
    levels = [255 * (12.92 * x if x < 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055) for x in light]
    bands = len(picture.getbands())
    return picture.point([*map(round, levels)] * 3 + [*range(256)] * (bands - 3))


def difference(ours: Image.Image, other: Image.Image) -> float:
    """The mean difference of pixels, on white."""
    width, height = ours.size
    assert abs(width / height - other.width / other.height) < 0.02 * width / height
    planes = [
        np.asarray(flat(picture.resize(ours.size, Image.Resampling.LANCZOS)), np.float64)
        for picture in (ours, other)
    ]
    return float(np.abs(planes[0] - planes[1]).mean())


def flat(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def tool(*names: str) -> str:
    """The first of some programs, which may not be there: Debian's packages have all but one."""
    folder = Path(sys.executable).parent
    found = next(filter(None, (shutil.which(n) or shutil.which(n, path=folder) for n in names)), "")
    return found or pytest.skip(f"{names[0]} is not installed")


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_the_table_has_files():
    assert len(ROWS) == 29


@pytest.mark.parametrize(("name", "expected"), ROWS)
def test_files_of_the_table(image, name, expected):
    data = image(name)
    rendered, losses = outcome(data)
    assert losses == expected
    assert difference(rendered, by_pillow(data)) < MOST


def test_the_header_of_an_ultra_hdr_jpeg(image):
    assert {*JPEG.losses(image("pillow/ultrahdr.jpg"))} == {Loss.HDR}


@pytest.mark.parametrize("turned", range(4))
@pytest.mark.parametrize("mirrored", range(2))
def test_avifs_turned_and_mirrored_are_upright(image, turned, mirrored):
    rendered, _ = outcome(image(f"pillow/avif/rot{turned}mir{mirrored}.avif"))
    upright, _ = outcome(image("pillow/avif/rot0mir0.avif"))
    # The words in the middle differ. One that is mirrored is 38 levels apart, one upside down 81.
    assert difference(rendered, upright) < 10


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    run(tool("ffmpeg"), "-f", "lavfi", "-i", "testsrc=s=320x240:d=1:r=5", path)
    return path


def test_a_motion_photo(tmp_path, film):
    still, motion = tmp_path / "still.jpg", tmp_path / "MV.jpg"
    still.write_bytes(encoded(PHOTO, "JPEG", exif=camera_exif()))
    tool("exiftool")
    made = ("--image", still, "--video", film, "--motion", motion, "--timestamp_us", "0")
    run(tool("motionphoto"), *made)
    rendered, losses = outcome(motion.read_bytes())
    assert losses == {Loss.MOTION}
    assert difference(rendered, outcome(still.read_bytes())[0]) == 0


def test_a_motion_photo_in_heic(tmp_path, film):
    png, heic = tmp_path / "still.png", tmp_path / "still.heic"
    PHOTO.save(png)
    run(tool("heif-enc"), png, "-o", heic)
    data = heic.read_bytes() + box(b"mpvd", film.read_bytes())
    rendered, losses = outcome(data)
    assert losses == {Loss.MOTION}
    assert difference(rendered, outcome(heic.read_bytes())[0]) == 0


@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_a_heic_is_turned_once(tmp_path, orientation):
    path, png = tmp_path / "a.heic", tmp_path / "a.png"
    heif = pillow_heif.from_pillow(PHOTO)
    heif.save(path, exif=camera_exif(orientation))
    run(tool("exiftool"), "-n", f"-Orientation={orientation}", path)
    run(tool("heif-convert"), path, png)
    assert difference(outcome(path.read_bytes())[0], Image.open(png)) < MOST


@pytest.mark.parametrize("options", [(), ("--irot", "1"), ("--imir", "1"), ("--irot", "3")])
def test_an_avif_is_turned_once(tmp_path, options):
    source, path, png = tmp_path / "a.png", tmp_path / "a.avif", tmp_path / "b.png"
    PHOTO.save(source)
    run(tool("avifenc"), *options, source, path)
    run(tool("exiftool"), "-n", "-Orientation=6", path)
    run(tool("heif-convert"), path, png)
    assert difference(outcome(path.read_bytes())[0], Image.open(png)) < MOST


@pytest.mark.parametrize(
    ("option", "expected"),
    [("-XMP-GDepth:Format=RangeLinear", {Loss.DEPTH}), ("-XMP-GPano:ProjectionType=cubic", set())],
)
def test_xmp_of_googles(tmp_path, option, expected):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PHOTO, "JPEG"))
    run(tool("exiftool"), option, path)
    assert outcome(path.read_bytes())[1] == expected


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ycck.jpg", "-colorspace CMYK -quality 95"),
        ("cmyk.tif", "-colorspace CMYK -compress lzw"),
        ("cmyk-16.tif", "-colorspace CMYK -depth 16"),
        ("rgb-16.png", "-depth 16 -define png:bit-depth=16"),
        ("rgb-16.tif", "-depth 16"),
        ("grey-16.png", "-colorspace gray -depth 16"),
        ("grey-16.tif", "-colorspace gray -depth 16"),
        ("alpha-16.png", "-alpha set -channel A -evaluate set 40% +channel -depth 16"),
        ("alpha-16.tif", "-alpha set -channel A -evaluate set 40% +channel -depth 16"),
        ("grey-alpha.png", "-colorspace gray -alpha set -channel A -evaluate set 60%"),
        ("grey-alpha.tif", "-colorspace gray -alpha set -channel A -evaluate set 60%"),
        ("palette.png", "-colors 16 -transparent #808080 -define png:color-type=3"),
        ("two.png", "-monochrome -define png:bit-depth=1"),
        ("two.tif", "-monochrome -compress group4"),
    ],
)
def test_colours_are_those_that_imagemagick_reads(tmp_path, name, options):
    convert = tool("magick", "convert-im6.q16")
    source, path, png = tmp_path / "a.png", tmp_path / name, tmp_path / "b.png"
    PHOTO.save(source)
    run(convert, source, *options.split(), path)
    run(convert, path, "-colorspace", "sRGB", "-depth", "8", f"PNG32:{png}")
    rendered, losses = outcome(path.read_bytes())
    assert losses == set()
    assert difference(rendered, Image.open(png)) < 0.5


def test_bytes_behind_a_jpeg():
    data = encoded(PHOTO, "JPEG")
    rendered, losses = outcome(data + b"trailer" * 1000)
    assert losses == set()
    assert difference(rendered, outcome(data)[0]) == 0


def test_a_zip_behind_a_jpeg():
    archive = io.BytesIO(encoded(PHOTO, "JPEG"))
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("a.txt", "text")
    assert rejection(archive.getvalue()) == Reason.POLYGLOT
