"""A function that needs ``tiny``, and an index that has it."""

import os

import pytest

from tests.support.tiny_wheel import TINY, make_wheel


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels, and the only place where pip looks."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def source(tmp_path, index):
    """A function that needs ``tiny``, of which the index has a wheel for any system."""
    folder = tmp_path / "function"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "old.cpython-311.pyc").write_bytes(b"stale")
    (folder / "__init__.py").write_text("")
    (folder / "handler.py").write_text("def handle(event, context):\n    return event\n")
    (folder / "requirements.in").write_text("tiny\n")
    (folder / "requirements.txt").write_text(make_wheel(index, "py3-none-any", TINY))
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"
