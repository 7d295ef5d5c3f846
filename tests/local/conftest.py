"""One embedded AWS for all tests of this folder, with the local stack deployed."""

import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from local import server as servers
from local.deploy import deploy
from local.http import quote, request
from local.server import REGION, Server
from local.uploader import Result, upload

PROBE = textwrap.dedent(
    """
    import base64, boto3, botocore.exceptions

    def handle(event, context):
        arguments = event["arguments"]
        if "Body" in arguments:
            arguments["Body"] = base64.b64decode(arguments["Body"])
        try:
            getattr(boto3.client(event["service"]), event["operation"])(**arguments)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return "allowed"
    """
)


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
        name = key.removeprefix("uploads/")
        status, body = request("GET", self.destination_url(f"{name}/manifest.json"))
        assert status == 200, body
        return json.loads(body)

    def upload(self, path: Any, key: str) -> Result:
        return upload(path, key, self.outputs["uploadEndpoint"], self.outputs["deliveryUrl"])


@contextmanager
def _deployed(folder: Path, settings: dict[str, str]) -> Iterator[Aws]:
    server = servers.start(folder / "state")
    try:
        outputs = deploy(server, settings=settings)
        yield Aws(server=server, outputs=outputs, as_function=_probe(server, outputs))
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


def _probe(server: Server, outputs: dict[str, str]) -> Callable[..., str]:
    """A second function with the resizer's own role, which tries one call and says what AWS did."""
    lambda_ = server.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=outputs["functionName"])["Role"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", PROBE)
    lambda_.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Handler="probe.handle",
        Role=role,
        Timeout=30,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"AWS_DEFAULT_REGION": REGION}},
    )

    def call(service: str, operation: str, **arguments: Any) -> str:
        payload = {"service": service, "operation": operation, "arguments": arguments}
        answer = lambda_.invoke(FunctionName="probe", Payload=json.dumps(payload))
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    return call


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
