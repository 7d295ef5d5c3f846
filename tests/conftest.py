"""The machine's settings and the fixtures that several folders of tests need."""

import os
import shutil
from pathlib import Path

import playwright
import pytest

if shutil.which("node") is None:
    # Playwright brings its own, which runs the CDN's function as well as any.
    driver = Path(playwright.__file__).parent / "driver"
    os.environ["PATH"] += f"{os.pathsep}{driver}"


@pytest.fixture(scope="module")
def issuer():
    """An OpenID Connect issuer, whose keys and tokens are real."""
    from tests.support.issuer import Issuer  # noqa: PLC0415 - few modules need its server

    issuer = Issuer()
    yield issuer
    issuer.stop()
