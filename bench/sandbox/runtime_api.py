"""Lambda's Runtime API, as far as a function that handles one event after another needs it.

Paths and headers: AWS Lambda Developer Guide, Using the Lambda runtime API (version 2018-06-01).
"""

import json
import sys
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any, Final

_NEXT: Final = "/2018-06-01/runtime/invocation/next"
_DEADLINE_MS: Final = 900_000


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


class RuntimeApi(ThreadingHTTPServer):
    """Serves one execution environment on a port of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = Event()
        self.ready_at = 0.0
        self.waiting: Queue[Invocation | None] = Queue()
        self.current: Invocation | None = None
        self.init_error: Any = None
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as ``AWS_LAMBDA_RUNTIME_API`` holds them."""
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed, which is what a sandbox does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop serving."""
        self.waiting.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._answer(404, b"{}")
            return
        if not self.server.ready.is_set():
            self.server.ready_at = time.perf_counter()
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
        self._answer(200, body, headers)

    def do_POST(self) -> None:
        ended = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        invocation = self.server.current
        if self.path.endswith("/init/error"):
            self.server.init_error = body
            self.server.ready.set()
        elif invocation and invocation.id in self.path:
            invocation.ended, invocation.answer = ended, body
            invocation.failed = self.path.endswith("/error")
            invocation.done.set()
        self._answer(202, b"{}")

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Say nothing: every event would be a line."""
