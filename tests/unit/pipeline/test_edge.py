"""The program's additions to the code that runs at CloudFront's edges."""

import pytest

from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from pipeline import page
from pipeline.edge import MAX_BYTES, function_code
from pipeline.settings import NEGOTIABLE, SettingsError


def test_the_program_puts_the_stacks_constants_in_front():
    avif = Rendition(name="hero", width=9, height=9, formats=("avif", "jpeg"))
    lines = function_code([avif], ["webp"], ["index.html"]).splitlines()
    assert lines[:4] == [
        'const RENDITIONS = {"hero":["avif","jpg"]};',
        'const EXTENSIONS = ["jpg","webp","avif","png"];',
        'const NEGOTIATED = ["webp"];',
        'const SITE = ["index.html"];',
    ]


def test_it_fits_cloudfronts_quota_and_says_so_when_it_does_not():
    assert len(function_code(DEFAULT_RENDITIONS, NEGOTIABLE, page.file_names())) < MAX_BYTES
    many = [Rendition(name=f"size-{width}", width=width, height=9) for width in range(1, 400)]
    with pytest.raises(SettingsError, match=f"CloudFront takes {MAX_BYTES}; name fewer"):
        function_code(many, [], [])
