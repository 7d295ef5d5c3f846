import sys

import pytest

from function.engine.decode import decode
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL, rejection
from tests.support.pictures import encoded, gradient
from tests.support.uploads import UPLOADS


def test_avif_without_its_decoder_is_no_broken_image(monkeypatch):
    """Pillow calls the file unreadable then."""
    monkeypatch.setitem(sys.modules, "PIL._avif", None)
    with pytest.raises(ImportError):
        decode(UPLOADS["avif"][1], Task(SMALL, MAX_PIXELS))


def test_a_sequence_whose_clock_stands_still_is_damaged():
    """Pillow divides by the time scale of its media header."""
    frames = [gradient((16, 16)).rotate(90)]
    data = bytearray(encoded(gradient((16, 16)), "AVIF", save_all=True, append_images=frames))
    at = 0
    while (at := data.find(b"mdhd", at + 1)) > 0:
        wide = 8 if data[at + 4] else 4  # version 1 has times of 64 bits (ISO 14496-12, 8.4.2)
        start = at + 8 + 2 * wide
        data[start : start + 4] = bytes(4)
    assert rejection(bytes(data)) == "broken_image"
