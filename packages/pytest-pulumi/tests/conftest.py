"""Fixtures that all tests here share."""

import asyncio

import pytest

from pytest_pulumi.resolve import current_loop


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Tests of tests load no other plugin that happens to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture(autouse=True)
def loop():
    """Each test has its own event loop, because Outputs are made on the thread's current one.

    Tests of other things get theirs back: Pulumi's mocks need one.
    """
    before = current_loop()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(before)
    loop.close()
