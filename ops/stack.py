"""A live stack: its outputs, and clients for the AWS that it lives in.

The embedded AWS is found by the state file that ``python -m local up`` leaves, read here rather
than through ``local``: operators of real stacks need none of that package.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3

from ops.errors import OpsError

_boto3: Final[Any] = boto3  # it has no inline types

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What was deployed.

    Attributes:
        outputs: the program's exports, e.g. ``queueUrl``.
        client: makes a boto3 client of a service.
    """

    outputs: dict[str, str]
    client: Callable[[str], Any]


def connect(name: str) -> Stack:
    """Find a stack: on the embedded AWS if it is deployed there, else through the Pulumi CLI.

    Raises:
        OpsError: it is deployed nowhere that we can see.
    """
    folder = Path(os.environ.get("IMAGE_PIPELINE_LOCAL", ROOT / ".local"))
    path = folder / "state.json"
    state: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if state.get("stack") == name:
        return Stack(outputs=state["outputs"], client=_embedded_client(state))
    return Stack(outputs=_pulumi_outputs(name), client=_boto3.client)


def _embedded_client(state: dict[str, Any]) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return _boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{state['port']}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (the embedded AWS's own, this machine only)
        )

    return client


def _pulumi_outputs(name: str) -> dict[str, str]:
    if shutil.which("pulumi") is None:
        raise OpsError(
            f"The stack {name!r} is not on the embedded AWS, and the Pulumi CLI is not installed; "
            "start the one with `python -m local up`, or install the other."
        )
    command = ["pulumi", "stack", "output", "--json", "--stack", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OpsError(f"Pulumi cannot read the stack {name!r}: {done.stderr.strip()}")
    return json.loads(done.stdout)
