"""The issuer of the tests' tokens."""

import pytest

from tests.support.issuer import Issuer


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()
