"""The decoder configurations of a HEIC say how much memory it takes."""

import io

import pillow_heif
import pytest

from function.engine.formats.heic import colours, kind_of
from tests.support.pictures import gradient
from tests.support.uploads import UPLOADS


def written(bits: int, chroma: int, **options: int) -> bytes:
    """A HEIC by another library's encoder."""
    picture, buffer = gradient((64, 48)), io.BytesIO()
    samples = picture.tobytes()
    mode = "RGB" if bits == 8 else f"RGB;{bits}"
    if bits > 8:
        samples = b"".join(bytes((value & 3, value >> 6)) for value in samples)
    pillow_heif.from_bytes(mode, picture.size, samples).save(
        buffer, quality=80, chroma=chroma, **options
    )
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


@pytest.mark.parametrize(
    ("chroma", "full_range", "bits"), [(420, 1, 10), (420, 0, 8), (422, 1, 8), (444, 1, 8)]
)
def test_bits_that_libheif_cuts_off(chroma, full_range, bits):
    codes = {"color_primaries": 9, "transfer_characteristics": 16, "matrix_coefficients": 9}
    data = written(10, chroma, full_range_flag=full_range, **codes)
    found = colours(data)
    assert (found.primaries, found.transfer, found.matrix) == (9, 16, 9)
    assert (found.full_range, found.bits) == (bool(full_range), bits)


def test_all_bits_of_a_monochrome_picture_are_there_to_be_cut():
    buffer = io.BytesIO()
    codes = {"color_primaries": 9, "transfer_characteristics": 16, "matrix_coefficients": 9}
    pillow_heif.from_bytes("L;10", (64, 64), bytes(64 * 64 * 2)).save(
        buffer, full_range_flag=1, **codes
    )
    found = colours(buffer.getvalue())
    assert (found.primaries, found.bits) == (1, 10)


def test_code_points_without_a_decoder_configuration():
    data = written(10, 420, color_primaries=9, transfer_characteristics=16, full_range_flag=1)
    assert colours(data.replace(b"hvcC", b"free")).bits == 8
    assert colours(data[: data.find(b"hvcC")]) is None
