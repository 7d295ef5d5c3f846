import struct
import time

import pytest

from function.engine.cicp import Cicp
from function.engine.formats.png import colours
from tests.support.pictures import coded, encoded, gradient, png_chunk
from tests.support.uploads import PHOTO

HEAD = encoded(PHOTO, "PNG")[:33]
REST = encoded(PHOTO, "PNG")[33:]


def test_code_points_of_a_chunk():
    assert colours(coded(PHOTO, "PNG", 9, 16)) == Cicp(9, 16, 0, full_range=True)
    assert colours(
        HEAD + png_chunk(b"tEXt", b"a\0b") + png_chunk(b"cICP", b"\x0c\x0d\0\1")
    ) == Cicp(12, 13, 0, full_range=True)
    deep = encoded(gradient(mode="I;16"), "PNG")
    found = colours(deep[:33] + png_chunk(b"cICP", bytes((1, 18, 0, 1))) + deep[33:])
    assert found == Cicp(1, 18, 0, full_range=True, bits=16)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + REST,
        HEAD + png_chunk(b"cICP", b"") + REST,
        HEAD + png_chunk(b"cICP", b"\x09\x10\0") + REST,
        HEAD + png_chunk(b"cICP", b"\x09\x10\0\1\0") + REST,
        HEAD + png_chunk(b"cICP", b"\x09\x10\0\1")[:-5],
        HEAD + REST + png_chunk(b"cICP", b"\x09\x10\0\1"),
        HEAD + struct.pack(">I4s", 2**32 - 1, b"tEXt") + bytes(99),
    ],
)
def test_without_a_chunk_that_is_whole_and_before_the_picture(data):
    assert colours(data) is None


def test_many_chunks_take_no_time():
    before = time.process_time()
    assert colours(HEAD + png_chunk(b"tEXt", b"") * 1_000_000) is None
    assert time.process_time() - before < 0.25
