"""An embedded AWS with faults that the function must survive: ``faults.REQUESTS`` and ``SPELLS``.

Only the function's own requests fail, whichever client sends them: they are signed with its role's
temporary keys, which start with ASIA (IAM user guide, "IAM identifiers"). Users who upload, and the
test that checks the outcome, are served as always.

``GET /_soak`` returns how many requests met each fault, and the names of all uploads that
have been ready. ``PUT /_soak/policy%20edited`` begins that fault.
"""

import asyncio
import json
import random
import re
import time
from collections import Counter

from ministack.core import lambda_runtime

from function.contract import Status
from function.contract.keys import name_of_manifest
from local.asgi import app, serve
from tests.soak.faults import REQUESTS, SPELLS, ErrorResponse, Fault

PIECES = 8
"""A slow body comes in so many pieces."""

_CREDENTIAL = re.compile(rb"Credential=ASIA\w+/\d+/[\w-]+/(\w+)/")


class Faults:
    """Decides which requests suffer, and counts them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.ready: set[str] = set()
        self._random = random.Random(7)
        self._spell, self._ends = "", 0.0

    def begin(self, spell: str) -> None:
        """Let every request suffer from a fault for its seconds."""
        self._spell, self._ends = spell, time.monotonic() + SPELLS[spell].seconds

    def choose(self, service: str, method: str) -> str:
        """Return the fault that a request suffers from; empty if none."""
        if time.monotonic() < self._ends and _befalls(SPELLS[self._spell], service, method):
            return self._spell
        names, shares = list(REQUESTS), [fault.share for fault in REQUESTS.values()]
        (name,) = self._random.choices(["", *names], [1 - sum(shares), *shares])
        return name

    def seconds(self, fault: Fault) -> float:
        """Return how long one request takes."""
        return self._random.uniform(1, fault.seconds)


_faults = Faults()


def _befalls(fault: Fault, service: str, method: str) -> bool:
    return service in fault.answers and method in fault.methods


async def unreliable(scope, receive, send):
    """Serve a request, or make it fail."""
    if scope["type"] != "http":
        await app(scope, receive, send)
    elif scope["path"].startswith("/_soak"):
        await _control(scope, send)
    elif service := _service(scope):
        await _serve(scope, receive, send, service)
    else:
        await app(scope, receive, send)


async def _control(scope, send):
    if scope["method"] == "PUT":
        _faults.begin(scope["path"].rpartition("/")[2])
    state = {"counts": _faults.counts, "ready": sorted(_faults.ready)}
    await _send(send, 200, json.dumps(state).encode())


def _service(scope) -> str:
    """Return the service that the function calls; empty if somebody else does."""
    found = _CREDENTIAL.search(dict(scope["headers"]).get(b"authorization", b""))
    return found[1].decode() if found else ""


async def _serve(scope, receive, send, service):
    body = await _read(receive)
    name = _faults.choose(service, scope["method"])
    if name:
        _faults.counts[name] += 1
    fault = (REQUESTS | SPELLS).get(name)
    if fault is None:
        await _pass(scope, body, send)
    elif name == "no answer":
        await asyncio.sleep(_faults.seconds(fault))
        await _refuse(scope, send, body, service, fault.answers[service])
    elif name == "done, no answer":
        await _pass(scope, body, _discard)
        await asyncio.sleep(_faults.seconds(fault))
        await _refuse(scope, send, body, service, fault.answers[service])
    elif name == "slow body":
        await _trickle(scope, receive, body, send, _faults.seconds(fault))
    else:
        await _refuse(scope, send, body, service, fault.answers[service])


async def _read(receive) -> bytes:
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def _pass(scope, body, send):
    """Serve a request whose body has been read, and note which manifests say ``ready``."""
    events = [{"type": "http.request", "body": body, "more_body": False}]
    forever = asyncio.Event()

    async def receive():
        if not events:
            await forever.wait()
        return events.pop()

    async def noting(event):
        name = name_of_manifest(scope["path"].lstrip("/").partition("/")[2])
        is_stored = scope["method"] == "PUT" and event.get("status") == 200
        if is_stored and name and json.loads(body)["status"] == Status.READY:
            _faults.ready.add(name)
        await send(event)

    await app(scope, receive, noting)


async def _trickle(scope, receive, body, send, seconds):
    """Serve a request whose body arrives bit by bit: that of a PUT, or that of the answer.

    A PUT whose client gives up before has no whole body, and so does nothing.
    """
    if scope["method"] in ("PUT", "POST"):
        gone = asyncio.ensure_future(receive())  # nothing else comes after the body
        done, _pending = await asyncio.wait([gone], timeout=seconds)
        gone.cancel()
        if not done:
            await _pass(scope, body, send)
        return

    async def slowly(event):
        if event["type"] != "http.response.body" or not event.get("body"):
            await send(event)
            return
        whole = event["body"]
        step = -(-len(whole) // PIECES)
        for start in range(0, len(whole), step):
            await asyncio.sleep(seconds / PIECES)
            await send({**event, "body": whole[start : start + step], "more_body": True})
        await send({**event, "body": b""})

    await _pass(scope, body, slowly)


async def _discard(event):
    pass


async def _refuse(scope, send, body: bytes, service: str, answer: ErrorResponse):
    """Answer an error as the service would."""
    if service != "s3":
        error = {"__type": f"com.amazon.coral.service#{answer.code}", "message": answer.message}
        await _send(send, answer.status, json.dumps(error).encode())
        return
    inner = f"<Code>{answer.code}</Code><Message>{answer.message}</Message>"
    xml = f"<Error>{inner}</Error>"
    if answer.code == "AccessDenied" and scope["method"] == "POST":
        # DeleteObjects answers 200, and an error for each key that may not be deleted.
        keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
        errors = "".join(f"<Error><Key>{key}</Key>{inner}</Error>" for key in keys)
        await _send(send, 200, f"<DeleteResult>{errors}</DeleteResult>".encode())
        return
    # "HeadObject": an error has a status and no body.
    await _send(send, answer.status, b"" if scope["method"] == "HEAD" else xml.encode())


async def _send(send, status, body):
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/xml")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _fail_alone(worker, *arguments, **options):
    """Run a function in a process; if that is killed as it starts, it alone ends.

    "Understanding the Lambda execution environment lifecycle" (AWS Lambda developer guide):
    environments are isolated from each other. MiniStack ends all of a function's processes when one
    does not start, so that on a slow machine none ever would.
    """
    try:
        return _invoke(worker, *arguments, **options)
    except Exception as error:  # noqa: BLE001 - as MiniStack does
        worker.kill()
        return {"status": "error", "error": repr(error)}


_invoke = lambda_runtime.Worker.invoke
lambda_runtime.Worker.invoke = _fail_alone


if __name__ == "__main__":
    serve(unreliable, errorlog=None)
