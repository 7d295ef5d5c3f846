"""The embedded AWS's process: start it, find it again, stop it and leave nothing behind."""

import contextlib
import http
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import boto3

from function.contract import StackOutput
from function.contract.keys import read_prefixes
from local import process_group
from local.http import request
from local.program import ROOT
from terminal import Failure

_boto3: Final[Any] = boto3  # its types cover only the services whose stubs are installed
HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"
ROOT_KEY: Final = "test"
"""MiniStack's own account root, key and secret alike; it exists on this machine alone."""

OTHER_ARCHITECTURE: Final = "Embedded.OtherArchitecture"
"""Type of the error of a function that this machine cannot run; AWS has none of this name."""

APP: Final = "local.asgi"

_TEMPORARY, _LOG = "tmp", "ministack.log"

START_SECONDS: Final = 60


@dataclass(kw_only=True)
class Server:
    """A running embedded AWS.

    Attributes:
        folder: its log, temporary files and state.
        port: TCP port on 127.0.0.1.
        pid: process and process group; the functions' processes are in the same group.
        stack: name of the deployed stack; empty until deployed.
        settings: the deployed stack's settings, by key.
        outputs: the deployed stack's outputs.
        resources: type and name of each deployed resource.
        app: module that serves it.
        variables: environment variables of its process, which override its usual ones.
    """

    folder: Path
    port: int
    pid: int
    stack: str = ""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    resources: list[str] = field(default_factory=list[str])
    app: str = APP
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def endpoint(self) -> str:
        """URL of every service."""
        return f"http://{HOST}:{self.port}"

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Prefixes of the stack's uploads, the one of new uploads first."""
        return read_prefixes(self.outputs.get(StackOutput.UPLOAD_PREFIXES))

    def client(self, service: str, key: str = ROOT_KEY, secret: str = ROOT_KEY, **how: Any) -> Any:
        """Return a boto3 client, with the account root's credentials unless others are given."""
        client = _boto3.client(
            service,
            **how,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )
        client.meta.events.register("before-sign.s3-control", _drop_account)
        return client

    def save(self) -> None:
        """Remember this server for the next command."""
        state = asdict(self) | {"folder": str(self.folder)}
        _state_file(self.folder).write_text(json.dumps(state, indent=1), encoding="utf-8")

    def is_healthy(self) -> bool:
        """Return whether it answers."""
        try:
            return request("GET", f"{self.endpoint}/_ministack/health")[0] == http.HTTPStatus.OK
        except OSError:
            return False


def start(
    folder: Path, port: int = 0, *, app: str = APP, variables: Mapping[str, str] | None = None
) -> Server:
    """Start the embedded AWS, or return the one that already runs in ``folder``.

    Args:
        folder: where it keeps its state.
        port: TCP port; 0 takes a free one.
        app: module that serves it.
        variables: environment variables of its process, which override its usual ones.

    Raises:
        Failure: the port is taken, the folder holds other files or cannot be written, or the
            server does not start.
    """
    running = find(folder)
    if running:
        if port not in (0, running.port):
            raise Failure(
                f"The embedded AWS already runs on port {running.port}; stop it first with "
                "`python -m local down`."
            )
        return running
    _prepare(folder)
    server = Server(folder=folder, port=port, pid=0, app=app, variables=dict(variables or {}))
    _spawn(server)
    return server


def restart(server: Server) -> None:
    """Stop a server as an operating system would, and start it again on the same port.

    With MiniStack's ``PERSIST_STATE`` it keeps its state, else it starts empty.

    Raises:
        Failure: it does not start.
    """
    os.kill(server.pid, signal.SIGTERM)
    for process in (process for process in process_group.started if process.pid == server.pid):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(START_SECONDS)
    process_group.kill(server.pid)
    _spawn(server)


def find(folder: Path) -> Server | None:
    """Return the server that runs in ``folder``, or None if none was started.

    Raises:
        Failure: one was started, but it has died.
    """
    path = _state_file(folder)
    if not path.is_file():
        return None
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    state["folder"] = folder
    known = {field.name for field in fields(Server)}
    server = Server(**{name: value for name, value in state.items() if name in known})
    if not server.is_healthy():
        raise Failure(
            f"The embedded AWS has stopped by itself (its log: {folder / _LOG}); run "
            "`python -m local down` to clean up, then `python -m local up`."
        )
    return server


def require(folder: Path) -> Server:
    """Return the deployed server.

    Raises:
        Failure: there is none.
    """
    server = find(folder)
    if server is None or not server.outputs:
        raise Failure("The embedded AWS is not running; start it with `python -m local up`.")
    return server


def stop(folder: Path) -> bool:
    """Stop the server with its functions and delete its folder; False if there was none."""
    path = _state_file(folder)
    if not path.is_file():
        return False
    state = json.loads(path.read_text(encoding="utf-8"))
    if process_group.may_be_of(state["pid"], f"{HOST}:{state['port']}"):
        process_group.kill(state["pid"])
    shutil.rmtree(folder)
    return True


def _drop_account(request: Any, **_context: Any) -> None:
    """Drop the account from S3 Control's host, because no resolver knows that host here."""
    request.url = re.sub(r"//[0-9]{12}\.", "//", request.url, count=1)


def _prepare(folder: Path) -> None:
    """Make the folder of a server; refuse one with other files, which ``stop`` would delete."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted({path.name for path in folder.iterdir()} - {_TEMPORARY, _LOG})
        if not others:
            (folder / _TEMPORARY).mkdir(exist_ok=True)
    except OSError as error:
        raise Failure(
            f"The embedded AWS cannot keep its state in {folder}: {error.strerror}; choose another "
            "folder with --folder."
        ) from error
    if others:
        raise Failure(
            f"{folder} holds other files, such as {others[0]}, and `down` deletes a whole folder; "
            "choose one with --folder that is empty or does not exist."
        )


def _spawn(server: Server) -> None:
    temporary = server.folder / _TEMPORARY
    # The server inherits the socket: if it had to open its own, another server could do so before,
    # and answer in its place.
    with _listen(server.port) as listener, (server.folder / _LOG).open("ab") as log:
        server.port = listener.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", server.app),
                *(f"{HOST}:{server.port}", f"fd://{listener.fileno()}"),
            ],
            cwd=ROOT,
            env=_environment(temporary, server.port) | server.variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[listener.fileno()],
        )
    process_group.started.append(process)
    server.pid = process.pid
    deadline = time.monotonic() + START_SECONDS
    while not server.is_healthy():
        if process.poll() is not None or time.monotonic() > deadline:
            process_group.kill(process.pid)
            raise Failure(f"The embedded AWS did not start; its log is {server.folder / _LOG}.")
        time.sleep(0.05)
    server.save()


def _environment(temporary: Path, port: int) -> dict[str, str]:
    """Return only the variables that the server needs, because functions inherit them."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
    }


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on a port; 0 takes a free one."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise Failure(
            f"Port {port} is taken; choose another with --port, or leave it out."
        ) from error


def _state_file(folder: Path) -> Path:
    return folder / "state.json"
