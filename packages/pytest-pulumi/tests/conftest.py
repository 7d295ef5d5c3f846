"""What all tests here share."""

import pytest


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Tests of tests load no other plugin that happens to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
