"""One embedded AWS for all tests of this folder, with the local stack deployed."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from function.contract.keys import manifest_key, upload_name
from local import server as servers
from local.deploy import context_of, deploy
from local.http import quote, request
from local.resources import Context
from local.server import Server
from local.uploader import Result, upload
from ops import backfill_queue
from tests.local.defaults import DEFAULTS
from tests.local.probing import probe
from tests.support.waiting import wait_until


@dataclass(frozen=True, kw_only=True)
class Aws:
    """The deployed stack as the outside world, its operator and its function see it."""

    server: Server
    outputs: dict[str, str]
    as_function: Callable[..., str]

    def client(self, service: str, **how: Any) -> Any:
        return self.server.client(service, **how)

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

    def queue_attributes(self, output: str = "queueUrl") -> dict[str, str]:
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[output], AttributeNames=["All"]
        )
        return answer["Attributes"]

    def messages(self, output: str = "queueUrl") -> int:
        """Return how many messages wait or are being worked on."""
        found = self.queue_attributes(output).items()
        return sum(int(count) for name, count in found if "NumberOfMessages" in name)

    def logged(self, text: str) -> list[str]:
        """Return the lines of the function's log with a text, a key, say."""
        events = self.client("logs").filter_log_events(logGroupName=self.outputs["logGroup"])
        return [event["message"] for event in events["events"] if text in event["message"]]

    def decisions(self, name: str, count: int = 0) -> list[dict[str, Any]]:
        """Return the lines of the log about decisions on an upload, once there are so many.

        Lambda delivers an invocation's lines when it ends, after what it stored can be read.
        """

        def found() -> list[dict[str, Any]]:
            lines = map(json.loads, self.logged('"message": "moderated"'))
            return [line for line in lines if line["key"] == f"uploads/{name}"]

        wait_until(lambda: len(found()) >= count, 60, found)
        return found()

    def wait_until_drained(self, also: Callable[[], bool] = lambda: True) -> None:
        """Wait until no message waits or is being worked on, not even one that failed once."""
        seconds = int(self.queue_attributes()["VisibilityTimeout"]) + 60
        wait_until(lambda: not self.messages() and also(), seconds, lambda: self.logged('"failed"'))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Backfills look often, and end at the first look that finds no message: counts are exact."""
    monkeypatch.setattr(backfill_queue, "QUIET_SECONDS", 0)
    monkeypatch.setattr(backfill_queue, "LOOK_SECONDS", 0.2)


@pytest.fixture
def idle(monkeypatch):
    """An erasure waits two seconds for invocations: none that is under way takes longer."""
    monkeypatch.setattr("ops.erase_command._wait", lambda _seconds: time.sleep(2))


@contextmanager
def _served(
    folder: Path, settings: dict[str, Any], stack: str = "local", **how: str
) -> Iterator[Server]:
    server = servers.start(folder / "state", **how)
    try:
        deploy(server, stack, settings=settings)
        yield server
    finally:
        servers.stop(server.folder)


@pytest.fixture(scope="session")
def served():
    """Start a separate embedded AWS in a folder, and deploy a stack with settings over its own."""
    return _served


@contextmanager
def _deployed(folder: Path, settings: dict[str, str]) -> Iterator[Aws]:
    with _served(folder, DEFAULTS | settings) as server:
        outputs = server.outputs
        yield Aws(
            server=server, outputs=outputs, as_function=probe(server, outputs["functionName"])
        )


@pytest.fixture(scope="session")
def deployed():
    """Do the same with the local stack, for tests that also act as its function."""
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
    return context_of(bare, lambda _package: bundle.getvalue())


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
