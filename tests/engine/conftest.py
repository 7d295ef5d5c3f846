"""The Pulumi CLI and one embedded AWS for all tests of this folder; each stack is its own."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from image_pipeline.provider import Provider
from local import server as servers
from local.program import ROOT
from local.server import Server
from tests.engine import cli as clis
from tests.engine.support import Stack

SECONDS: Final = 600

FIRST: Final = "4d971c8"
"""Commit of v0.1.0 (CHANGELOG.md), from which on every change upgrades a live stack."""


@pytest.fixture(scope="session")
def cli() -> Path:
    """Folder of the CLI."""
    try:
        return clis.find()
    except clis.MissingError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("aws") / "state"
    yield servers.start(folder)
    servers.stop(folder)


@pytest.fixture(scope="session")
def first(tmp_path_factory) -> Path:
    """The folder of v0.1.0, from this repository's history."""
    folder = tmp_path_factory.mktemp("v0.1.0")
    if subprocess.run(["git", "cat-file", "-e", FIRST], cwd=ROOT, check=False).returncode:
        pytest.skip(f"this clone has no history: `git fetch --unshallow` brings {FIRST}")
    archive = subprocess.run(["git", "archive", FIRST], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    return json.loads(Provider().schema)


@pytest.fixture(scope="session")
def sdks(schema, tmp_path_factory) -> Path:
    """A folder with the SDKs as `pulumi package add` generates them; Python's is in ``site``."""
    folder = tmp_path_factory.mktemp("sdks")
    source = folder / "schema.json"
    source.write_text(json.dumps(schema))
    subprocess.run([clis.find_sdk_generator(), source, folder], check=True, timeout=SECONDS)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--target", folder / "site"]
    subprocess.run([*pip, *offline, folder / "python"], check=True, timeout=SECONDS)
    return folder


@pytest.fixture
def stack(cli, server, tmp_path) -> Iterator[Callable[..., Stack]]:
    """Make stacks, whose processes end with the test."""
    with ExitStack() as made:

        def make(name: str, **options) -> Stack:
            one = Stack(server=server, cli=cli, folder=tmp_path / name, name=name, **options)
            return made.enter_context(one)

        yield make


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((900, 600)).convert("RGB").save(path)
    return path
