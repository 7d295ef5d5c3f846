"""The example moderators, as modules of a test."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "examples" / "moderators"


def code_of(name: str) -> str:
    """Return an example's source."""
    return (FOLDER / f"{name}.py").read_text("utf-8")


def load(name: str) -> ModuleType:
    """Return an example as a module."""
    spec = importlib.util.spec_from_file_location(f"moderators_{name}", FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
