"""The Pulumi CLI and one embedded AWS for all tests of this folder; each stack is its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local import server as servers
from local.server import Server
from tests.engine import cli as clis
from tests.engine.support import Stack


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


@pytest.fixture
def stack(cli, server, tmp_path) -> Iterator[Callable[..., Stack]]:
    """Make stacks, whose processes end with the test."""
    with ExitStack() as made:

        def make(name: str, **options) -> Stack:
            one = Stack(server=server, cli=cli, folder=tmp_path / name, name=name, **options)
            return made.enter_context(one)

        yield make
