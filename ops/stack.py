"""A live stack: its outputs, and clients for its AWS account or the embedded AWS.

The embedded AWS is found by the state file that ``python -m local up`` writes. It is read here
rather than through ``local``, because operators of real stacks do not need that package.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

import boto3
import botocore.exceptions

from function.contract import StackOutput
from function.contract.keys import read_prefixes
from ops.clients import Clients
from terminal import Failure, Misuse

_boto3: Final[Any] = boto3  # its types cover only the services whose stubs are installed

Response = TypeVar("Response")

ROOT: Final = Path(__file__).resolve().parent.parent

NEEDED: Final = (
    *(StackOutput.SOURCE_BUCKET, StackOutput.DESTINATION_BUCKET),
    *(StackOutput.QUEUE_URL, StackOutput.DEAD_LETTER_QUEUE_URL),
    *(StackOutput.FUNCTION_NAME, StackOutput.LOG_GROUP),
)
"""Outputs that the commands read."""

HIDDEN: Final = "[secret]"
"""The value that `pulumi stack output` prints for a secret, such as a bucket's name."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed stack."""

    outputs: dict[str, str]  # the program's exports, e.g. ``queueUrl``
    client: Clients
    name: str = ""  # Pulumi's, without organization and project; empty if a file had the outputs
    project: str = ""  # Pulumi's; empty if a file had the outputs

    @property
    def source(self) -> str:
        """Name of the bucket of the uploads."""
        return self.outputs[StackOutput.SOURCE_BUCKET]

    @property
    def destination(self) -> str:
        """Name of the bucket of the renditions and manifests."""
        return self.outputs[StackOutput.DESTINATION_BUCKET]

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Prefixes of the uploads in the source bucket, the one of new uploads first."""
        return read_prefixes(self.outputs.get(StackOutput.UPLOAD_PREFIXES))

    def adopts(self, part: Literal["source", "destination"]) -> bool:
        """Return True for a bucket that the account had before the stack, which the stack keeps."""
        return part in self.outputs.get(StackOutput.ADOPTED_BUCKETS, "").split(",")

    @property
    def backfill_queue(self) -> str:
        """URL of the queue of backfills; in a stack of an older release, of the only queue."""
        live = self.outputs[StackOutput.QUEUE_URL]
        return self.outputs.get(StackOutput.BACKFILL_QUEUE_URL) or live

    @property
    def region_option(self) -> str:
        """Option of AWS CLI commands for the stack, after a space; empty on the embedded AWS."""
        region = region_of(self.outputs)
        return f" --region {region}" if region else ""


@contextmanager
def connected(name: str | None, outputs: Path | None) -> Generator[Stack]:
    """Find a stack by its name, or by a file with its outputs, for as long as a command runs.

    Raises:
        Failure: there is no such stack, AWS refused or did not answer, or someone pressed Ctrl-C.
    """
    try:
        yield connect_to_outputs(outputs) if outputs else connect(name or "")
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        message = f"AWS refused or did not answer; check credentials and network: {error}"
        raise Failure(message) from error
    except KeyboardInterrupt as error:
        message = "Interrupted; nothing is lost, and the same command may be run again."
        raise Failure(message) from error


def connect(name: str) -> Stack:
    """Find a stack: on the embedded AWS if it is deployed there, else through the Pulumi CLI.

    Raises:
        Failure: no deployment of it can be found.
    """
    path = Path(os.environ.get("IMAGE_PIPELINE_LOCAL", ROOT / ".local")) / "state.json"
    state = _read_object(path) if path.is_file() else {}
    if state.get("stack") == name:
        client = partial(_embedded_client, state["port"])
        outputs = _checked(state["outputs"], str(path))
        return Stack(outputs=outputs, client=client, name=name, project=_project(ROOT))
    return _from_pulumi(name)


def connect_to_outputs(path: Path) -> Stack:
    """Return the stack whose outputs a file holds, as ``pulumi stack output --json`` wrote them.

    For machines that have credentials for AWS but none for Pulumi's backend.

    Raises:
        Misuse: there is no such file.
        Failure: it does not hold the outputs of this program.
    """
    if not path.is_file():
        raise Misuse(f"There is no file {path}; name one that `pulumi stack output --json` wrote.")
    outputs = _checked(_read_object(path), str(path))
    return Stack(outputs=outputs, client=_aws_client(outputs))


def read_or_none(request: Callable[[], Response], *absent: str) -> Response | None:
    """Return AWS's answer to a request; None if it is an error with one of the codes ``absent``."""
    try:
        return request()
    except botocore.exceptions.ClientError as error:
        response: Any = error.response
        if response["Error"]["Code"] not in absent:
            raise
        return None


def region_of(outputs: dict[str, str]) -> str | None:
    """Return the region in the URL of a stack's queue; None if the host is not Amazon's own.

    An operator's default region need not be the stack's.
    """
    found = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", outputs[StackOutput.QUEUE_URL])
    return found.group(1) if found else None


def _aws_client(outputs: dict[str, str]) -> Clients:
    return partial(_boto3.client, region_name=region_of(outputs))


def _embedded_client(port: int, service: str, **how: Any) -> Any:
    client = _boto3.client(
        service,
        **how,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 (the embedded AWS's own, this machine only)
    )
    client.meta.events.register("before-sign.s3-control", _drop_account)
    return client


def _drop_account(request: Any, **_context: Any) -> None:
    """Call S3 Control at this machine: its host starts with the account, which resolves nowhere."""
    request.url = re.sub(r"//\d{12}\.", "//", request.url, count=1)


def _from_pulumi(name: str) -> Stack:
    """Return a stack that the Pulumi CLI knows: of the working folder's project, or of this one."""
    if shutil.which("pulumi") is None:
        raise Failure(
            f"The stack {name!r} is not on the embedded AWS, and the Pulumi CLI is not installed; "
            "start the former with `python -m local up`, install the CLI, or pass --outputs FILE."
        )
    # Its questions, such as that for an access token, would be captured and never seen.
    command = ["pulumi", "stack", "output", "--json", "--stack", name, "--non-interactive"]
    here = Path.cwd()  # e.g. a program that uses the component
    folder = here if (here / "Pulumi.yaml").is_file() else ROOT
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"Pulumi cannot read the stack {name!r}: {' '.join(done.stderr.split())}")
    outputs = _checked(json.loads(done.stdout), f"the stack {name!r}")
    parts = name.split("/")  # [ORGANIZATION/[PROJECT/]]STACK
    project = parts[1] if parts[2:] else _project(folder)
    return Stack(outputs=outputs, client=_aws_client(outputs), name=parts[-1], project=project)


def _project(folder: Path) -> str:
    """Return the name that a project's file gives it; empty if there is none."""
    path = folder / "Pulumi.yaml"
    text = path.read_text("utf-8") if path.is_file() else ""
    found = re.search(r"""^name:\s*["']?([^"'\s]+)""", text, re.MULTILINE)
    return found[1] if found else ""


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value: object = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Failure(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Failure(f"{path} holds no JSON object; `pulumi stack output --json` writes one.")
    return cast("dict[str, Any]", value)


def _checked(outputs: dict[str, Any], where: str) -> dict[str, str]:
    missing = [name for name in NEEDED if not outputs.get(name)]
    if missing:
        raise Failure(f"{where} has no output '{missing[0]}'; deploy it with `pulumi up` first.")
    secret = [name for name in StackOutput if outputs.get(name) == HIDDEN]
    if secret:
        raise Failure(
            f"{where} has the output '{secret[0]}' as a secret; write all outputs to a file with "
            "`pulumi stack output --json --show-secrets`, and pass --outputs FILE."
        )
    return outputs
