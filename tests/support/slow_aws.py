"""An embedded AWS whose S3 takes ``SECONDS`` to hand the function an upload."""

import asyncio

from local.asgi import app, serve

SECONDS = 5.5


async def slow(scope, receive, send):
    """Serve a request, late if the function's role (keys of ASIA) gets an upload."""
    if scope["type"] == "http" and scope["method"] == "GET" and "/uploads/" in scope["path"]:
        signature = dict(scope["headers"]).get(b"authorization", b"")
        await asyncio.sleep(SECONDS if b"Credential=ASIA" in signature else 0)
    await app(scope, receive, send)


if __name__ == "__main__":
    serve(slow)
