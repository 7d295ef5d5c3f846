"""One embedded AWS for all tests of this folder, with the local stack deployed."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from function.contract import manifest_key, upload_name
from local import server as servers
from local.deploy import context_of, deploy
from local.http import quote, request
from local.resources import Context
from local.server import Server
from local.uploader import Result, upload
from tests.local.defaults import DEFAULTS
from tests.local.probing import probe


@dataclass(frozen=True, kw_only=True)
class Aws:
    """The deployed stack as the outside world, its operator and its function see it."""

    server: Server
    outputs: dict[str, str]
    as_function: Callable[..., str]

    def client(self, service: str) -> Any:
        return self.server.client(service)

    def source_url(self, key: str) -> str:
        return f"{self.outputs['uploadEndpoint']}/{quote(key)}"

    def destination_url(self, key: str) -> str:
        return f"{self.outputs['deliveryUrl']}/{quote(key)}"

    def manifest(self, key: str) -> dict[str, Any]:
        url = self.destination_url(manifest_key(upload_name(key)))
        status, body = request("GET", url)
        assert status == 200, body
        return json.loads(body)

    def upload(self, path: Any, key: str) -> Result:
        return upload(path, key, self.outputs["uploadEndpoint"], self.outputs["deliveryUrl"])


@contextmanager
def _deployed(folder: Path, settings: dict[str, str]) -> Iterator[Aws]:
    server = servers.start(folder / "state")
    try:
        outputs = deploy(server, settings=DEFAULTS | settings)
        yield Aws(
            server=server, outputs=outputs, as_function=probe(server, outputs["functionName"])
        )
    finally:
        servers.stop(folder / "state")


@pytest.fixture(scope="session")
def deployed():
    """Start an embedded AWS of one's own: a folder, and settings over the local stack's."""
    return _deployed


@pytest.fixture(scope="session")
def aws(tmp_path_factory) -> Iterator[Aws]:
    with _deployed(tmp_path_factory.mktemp("aws"), {}) as aws:
        yield aws


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> Iterator[Server]:
    """An embedded AWS in which nothing is deployed."""
    folder = tmp_path_factory.mktemp("bare") / "state"
    yield servers.start(folder)
    servers.stop(folder)


@pytest.fixture(scope="session")
def context(bare) -> Context:
    """The bare AWS as resources see it; the resizer's bundle is an empty module."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("handler.py", "")
    return context_of(bare, bundle.getvalue)


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """A small photo on disk, of any size and format."""
    folder = tmp_path_factory.mktemp("photos")

    def make(name: str, size: tuple[int, int] = (1600, 1200), mode: str = "RGB", **save: Any):
        path = folder / name
        gradient = Image.linear_gradient("L").resize(size)
        channels = [gradient, gradient.rotate(180), gradient.transpose(Image.Transpose.ROTATE_90)]
        channels = [channel.resize(size) for channel in channels]
        image = Image.merge("RGB", channels).convert(mode)
        image.save(path, **save)
        return path

    return make
