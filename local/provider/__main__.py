"""The process that the engine starts as ``pulumi-resource-aws``: it prints its port and serves."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from local.provider.service import Provider

_THREADS: Final = 16
"""Requests served at one time; the engine sends one for each resource that it can make now."""

_MESSAGE_BYTES: Final = 400 << 20
"""Longest message, as the engine's own limit (pulumi/sdk, go/common/util/rpcutil)."""


def main() -> None:
    """Serve the provider on a free port of this machine."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[("grpc.max_receive_message_length", _MESSAGE_BYTES)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()  # the engine kills the process


if __name__ == "__main__":
    main()
