"""Fixtures of the benchmarks: the bundle unpacked once, and a store that answers at once."""

import pytest

from bench.sandbox import unpacked
from bench.sandbox.stub_s3 import StubS3
from pipeline.bundle import Target, build


@pytest.fixture(scope="session")
def task():
    with unpacked(build(Target.host())) as folder:
        yield folder


@pytest.fixture(scope="session")
def store():
    server = StubS3()
    yield server
    server.close()
