import sys

import pytest

from function.engine.decode import decode
from tests.support.engine import MAX_PIXELS, SMALL
from tests.support.uploads import UPLOADS


def test_avif_without_its_decoder_is_no_broken_image(monkeypatch):
    """Pillow calls the file unreadable then."""
    monkeypatch.setitem(sys.modules, "PIL._avif", None)
    with pytest.raises(ImportError):
        decode(UPLOADS["avif"][1], SMALL, max_pixels=MAX_PIXELS)
