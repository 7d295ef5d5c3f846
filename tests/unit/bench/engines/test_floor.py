"""The floor reads the upload by its codec and encodes finished pixels."""

import io
from pathlib import Path

import pytest
from isal import isal_zlib
from PIL import Image

from bench.engines.floor import floor
from bench.engines.job import Job, Output
from bench.photos import photo
from function.engine.renditions import Fit, OutputFormat

OUTPUTS = (
    Output(width=60, height=60),
    Output(width=20, height=20, fit=Fit.COVER, format=OutputFormat.WEBP),
)


@pytest.fixture(params=["jpeg", "png", "webp"])
def upload(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"photo.{request.param}"
    photo((240, 160)).save(path)
    return path


def test_it_encodes_each_output_in_its_size_and_format(upload):
    bodies = list(floor(Job(source=str(upload), outputs=OUTPUTS))(upload.read_bytes()))
    images = [Image.open(io.BytesIO(body)) for body in bodies]
    assert [(image.format, image.size) for image in images] == [
        ("JPEG", (60, 40)),
        ("WEBP", (20, 20)),
    ]


def test_it_reads_the_upload_anew_each_time(upload):
    run = floor(Job(source=str(upload), outputs=OUTPUTS))
    data = upload.read_bytes()
    with pytest.raises((OSError, isal_zlib.error)):
        list(run(data[: len(data) // 2]))
