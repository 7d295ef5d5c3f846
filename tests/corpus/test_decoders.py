"""``nativeDecoder: false`` on others' files: the same outcomes, and nearly the same renditions.

Every eighth file is compared; ``make corpus`` compares all of them.
"""

import numpy as np
import pytest

from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from tests.corpus.test_corpus import EVERY
from tests.support.engine import MAX_PIXELS
from tests.support.pictures import opened

SUFFIXES = {".jpg", ".jpeg", ".png", ".apng", ".webp", ".mpo"}
"""Of the formats that we decode ourselves."""

CUT = {"truncated_end_chunk.png"}
"""All its pixels are there, which is enough for our decoder; Pillow's wants the whole end chunk."""

MEAN, HIGH = 1.0, 4.0
"""Most levels, of 256 a channel, that renditions may differ by: on average, and at the 99.9th
percentile."""

LOSSLESS = tuple(
    rendition.replace(formats=("png",)) for rendition in DEFAULT_RENDITIONS if rendition.width > 320
)

pytestmark = pytest.mark.network


def outcome(data, *, native):
    """The code of a rejection, or what is lost and each rendition's pixels."""
    task = Task(LOSSLESS, MAX_PIXELS, native_decoder=native)
    try:
        source = decode(data, task)
        found = [opened(rendered.body).convert("RGBA") for rendered in render(source, task)]
    except Rejected as rejection:
        return rejection.code, ()
    return source.losses, [np.asarray(image, np.int64) for image in found]


def differences(data):
    """Return True if both decoders agree, and the largest mean and percentile."""
    (told, ours), (also, pillows) = (outcome(data, native=native) for native in (True, False))
    off = [np.abs(a - b).reshape(-1, 4) for a, b in zip(ours, pillows, strict=False)]
    mean = max((each.mean(axis=0).max() for each in off), default=0)
    high = max((np.percentile(each, 99.9, axis=0).max() for each in off), default=0)
    return told == also and len(ours) == len(pillows), mean, high


def test_both_decoders_make_nearly_the_same_of_every_file(images):
    paths = (path for path in sorted(images.rglob("*")) if path.suffix.lower() in SUFFIXES)
    sample = [path for path in paths if path.name not in CUT][::EVERY]
    found = {path.name: differences(path.read_bytes()) for path in sample}
    assert len(found) > 500 / EVERY
    assert {
        name: figures
        for name, figures in found.items()
        if not figures[0] or figures[1] > MEAN or figures[2] > HIGH
    } == {}
