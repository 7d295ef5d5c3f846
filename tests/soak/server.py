"""The embedded AWS with an unreliable S3: what the function asks of it fails or hangs at times.

Only the function's own requests suffer (obstore names itself in User-Agent): people who upload, and
the run that looks at the outcome, are served as always. ``GET /_soak`` says how many did.
"""

import asyncio
import json
import os
import random
import sys

from hypercorn import asyncio as hypercorn
from hypercorn.config import Config

from local.asgi import app

SHARE = float(os.environ.get("SOAK_SHARE", "0.1"))
"""Share of requests that fail or hang."""

HANGING = 0.05
"""Share of those that hang; the others answer 503 at once."""

SECONDS = (1.0, 14.0)
"""How long one hangs, which may be longer than the function has; then its connection is cut."""

_random = random.Random(7)
_counts = {"failed": 0, "hung": 0}


async def unreliable(scope, receive, send):
    """Serve a request, or let it down."""
    if scope["type"] != "http":
        await app(scope, receive, send)
    elif scope["path"] == "/_soak":
        await _answer(send, 200, json.dumps(_counts).encode())
    elif not _is_the_functions(scope) or _random.random() >= SHARE:
        await app(scope, receive, send)
    elif _random.random() < HANGING:
        _counts["hung"] += 1
        await asyncio.sleep(_random.uniform(*SECONDS))
        raise ConnectionResetError
    else:
        _counts["failed"] += 1
        await _answer(send, 503, b"<Error><Code>SlowDown</Code><Message>soak</Message></Error>")


def _is_the_functions(scope) -> bool:
    return any(
        name == b"user-agent" and value.startswith(b"object_store")
        for name, value in scope["headers"]
    )


async def _answer(send, status, body):
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/xml")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    config = Config()
    config.bind = [sys.argv[1]]
    config.accesslog = None
    config.errorlog = None
    asyncio.run(hypercorn.serve(unreliable, config))
