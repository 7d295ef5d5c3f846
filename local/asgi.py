"""MiniStack behind a simulated TLS proxy, so that plain HTTP over loopback is usable.

The stack's policies deny plain HTTP, and MiniStack enforces that. Certificates that no browser
trusts would help nobody here, so a request over loopback counts as HTTPS, as if a terminator had
spoken TLS with the client, unless it says ``X-Forwarded-Proto: http`` itself: that is how the
tests prove that plain HTTP is denied.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from hypercorn import asyncio as hypercorn
from hypercorn.config import Config
from ministack import app as module

from local import rules
from local.rules import conflicts

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]
ministack = cast("Callable[[Scope, Channel, Channel], Awaitable[None]]", module.app)
rules.install()


async def app(scope: Scope, receive: Channel, send: Channel) -> None:
    """Pass a request on to MiniStack, marked as HTTPS unless it is marked already."""
    if scope["type"] == "http":
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        if not any(name == b"x-forwarded-proto" for name, _value in headers):
            scope = {**scope, "headers": [*headers, (b"x-forwarded-proto", b"https")]}
    with conflicts.watching(scope):
        await ministack(scope, receive, send)


def serve(served: Callable[[Scope, Channel, Channel], Awaitable[None]], **settings: Any) -> None:
    """Serve an application in this one process until SIGTERM.

    The command line has an address, and the socket that listens there already, if there is one, as
    ``fd://`` and its number. ``settings`` are attributes of Hypercorn's ``Config``.
    """
    config = Config()
    config.bind, config.accesslog = [sys.argv[-1]], None
    for name, value in settings.items():
        setattr(config, name, value)
    run = getattr(hypercorn, "serve")  # noqa: B009 (its type is partly unknown)
    asyncio.run(run(served, config))


if __name__ == "__main__":
    serve(app)
