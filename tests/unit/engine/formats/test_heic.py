"""The decoder configurations of a HEIC say how much memory it takes."""

import io

import pillow_heif
import pytest

from function.engine.formats.heic import kind_of
from tests.support.pictures import gradient
from tests.support.uploads import UPLOADS


def written(bits: int, chroma: int) -> bytes:
    """A HEIC by another library's encoder."""
    picture, buffer = gradient((64, 48)), io.BytesIO()
    samples = picture.tobytes()
    mode = "RGB" if bits == 8 else f"RGB;{bits}"
    if bits > 8:
        samples = b"".join(bytes((value & 3, value >> 6)) for value in samples)
    pillow_heif.from_bytes(mode, picture.size, samples).save(buffer, quality=80, chroma=chroma)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("bits", "chroma", "kind"),
    [
        (8, 420, "heic"),
        (8, 422, "heic-deep"),
        (8, 444, "heic-deep"),
        (10, 420, "heic-deep"),
        (12, 444, "heic-deep"),
    ],
)
def test_more_bits_or_more_chroma_make_another_kind(bits, chroma, kind):
    assert kind_of(written(bits, chroma), True, True) == kind  # noqa: FBT003 - as it is called


@pytest.mark.parametrize("name", ["heic", "heic-alpha", "heic-tiled"])
def test_what_phones_write_is_the_usual_kind(name):
    assert kind_of(UPLOADS[name][1], True, True) == "heic"  # noqa: FBT003 - as it is called


@pytest.mark.parametrize(("data", "kind"), [(b"", "heic"), (b"hvcC" * 99, "heic-deep")])
def test_what_states_nothing_plain_is_no_failure(data, kind):
    assert kind_of(data, True, True) == kind  # noqa: FBT003 - as it is called
