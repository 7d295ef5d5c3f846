"""Lambda's Runtime API, as far as a function that handles one event after another needs it.

Paths and headers: AWS Lambda Developer Guide, Using the Lambda runtime API (version 2018-06-01).
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from queue import Queue
from threading import Event
from typing import Any, Final

from bench.sandbox.http_server import Handler, Server

_NEXT: Final = "/2018-06-01/runtime/invocation/next"
_DEADLINE_MS: Final = 900_000
"""Lambda's longest timeout (AWS Lambda Developer Guide, "Lambda quotas", read 2026-11-27)."""
_JSON: Final = {"Content-Type": "application/json"}


@dataclass
class Invocation:
    """One event on its way through the function; times are of ``time.perf_counter``, in s."""

    event: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = 0.0
    ended: float = 0.0
    answer: Any = None
    failed: bool = False
    done: Event = field(default_factory=Event)


class RuntimeApi(Server):
    """Serves one execution environment; ``address`` is for ``AWS_LAMBDA_RUNTIME_API``.

    ``on_ready`` is called when the function asks for its first event, before it gets one.
    """

    def __init__(self, on_ready: Callable[[], None] = lambda: None) -> None:
        self.on_ready = on_ready
        self.ready = Event()
        self.ready_at = 0.0
        self.waiting: Queue[Invocation | None] = Queue()
        self.current: Invocation | None = None
        self.init_error: Any = None
        super().__init__(_Handler)

    def close(self) -> None:
        """Stop serving, and end the request that waits for an event."""
        self.waiting.put(None)
        super().close()


class _Handler(Handler, BaseHTTPRequestHandler):
    server: RuntimeApi  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self.answer(404, b"{}", _JSON)
            return
        if not self.server.ready.is_set():
            self.server.ready_at = time.perf_counter()
            self.server.on_ready()
            self.server.ready.set()
        invocation = self.server.waiting.get()
        if invocation is None:
            self.close_connection = True
            return
        self.server.current = invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + _DEADLINE_MS),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:0:function:bench",
        }
        body = json.dumps(invocation.event).encode()
        invocation.started = time.perf_counter()
        self.answer(200, body, headers | _JSON)

    def do_POST(self) -> None:
        ended = time.perf_counter()
        body = json.loads(self.body())
        invocation = self.server.current
        if self.path.endswith("/init/error"):
            self.server.init_error = body
            self.server.ready.set()
        elif invocation and invocation.id in self.path:
            invocation.ended, invocation.answer = ended, body
            invocation.failed = self.path.endswith("/error")
            invocation.done.set()
        self.answer(202, b"{}", _JSON)
