"""Stand in for Pulumi's Python language host, which is on no registry, for plugins alone.

The CLI fetches a plugin, and asks this program to install what the plugin needs and to run it, as
the real host does (pulumi/pulumi v3.274.1, ``sdk/python/cmd/pulumi-language-python/main.go``):
in an environment for the plugin alone, in which none of our packages can be imported.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto import language_pb2_grpc as services
from pulumi.runtime.proto import plugin_pb2 as plugin


class Host(services.LanguageRuntimeServicer):
    """The requests that the CLI sends to a plugin's language host."""

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - gRPC's names
        return plugin.PluginInfo(version="0.0.1")

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language.GetRequiredPackagesResponse()

    def InstallDependencies(self, request: Any, _context: Any) -> Iterator[Any]:  # noqa: N802
        folder = Path(request.info.program_directory)
        for command in (
            [sys.executable, "-m", "venv", folder / "venv"],
            [folder / "venv/bin/pip", "install", "-q", "-r", folder / "requirements.txt"],
        ):
            done = subprocess.run(command, check=True, capture_output=True)
            yield language.InstallDependenciesResponse(stdout=done.stdout, stderr=done.stderr)

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        folder = Path(request.info.program_directory)
        process = subprocess.Popen(
            [folder / "venv/bin/python", "-u", folder, *request.args],
            cwd=request.pwd,
            env=dict(line.split("=", 1) for line in request.env),
            stdout=subprocess.PIPE,
        )
        context.add_callback(process.kill)
        for line in process.stdout or ():
            yield language.RunPluginResponse(stdout=line)
        yield language.RunPluginResponse(exitcode=process.wait())


def main() -> None:
    """Serve until the engine ends this process."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    server = grpc.server(ThreadPoolExecutor(8))
    services.add_LanguageRuntimeServicer_to_server(Host(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
