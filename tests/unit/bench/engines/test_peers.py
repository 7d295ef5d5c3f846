"""Ours beside ours: the outputs of release 0.1.0, and today's."""

import pytest

from bench.engines.job import Job, Output
from bench.engines.peers import ENGINES
from tests.support.pictures import encoded, gradient, opened


@pytest.mark.parametrize(("engine", "is_libjpeg_s"), [("ours-v0.1", True), ("ours", False)])
def test_ours_has_the_encoders_of_release_0_1_0_on_request(engine, is_libjpeg_s):
    """Release 0.1.0 took the quantisation tables that libjpeg has for a quality."""
    job = Job(source="a.jpg", outputs=(Output(width=32, height=32, quality=80),))
    (body,) = ENGINES[engine](job)(encoded(gradient(), "JPEG"))
    libjpeg_s = opened(encoded(gradient(), "JPEG", quality=80)).quantization
    assert (opened(body).quantization == libjpeg_s) == is_libjpeg_s
