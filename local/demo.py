"""The whole system in one command: deploy, upload photos, show what came out."""

import sys
import time
from pathlib import Path
from typing import Final

from function.contract import StackOutput
from local import server as servers
from local.console import results_table, summary
from local.deploy import deploy
from local.page import serve, stack_config, stack_issuer
from local.photos import PHOTOS, sample_photos
from local.program import ROOT, read_config
from local.server import Server
from local.uploader import Result, find_files, upload_all
from pipeline.bundle import CACHE
from terminal import Failure, Misuse, console, counted, progress

_SAMPLES: Final = CACHE / "photos"


def run(folder: Path, photos: Path | None, *, keep: bool) -> int:
    """Run the demo.

    Args:
        folder: state folder of the embedded AWS.
        photos: the user's own photos; None makes samples.
        keep: leave the embedded AWS running afterwards.

    Returns:
        Exit code: 0 if every photo has an outcome, 1 if one was lost.

    Raises:
        Misuse: the folder of photos is not one, or is empty.
        Failure: the embedded AWS could not do its part.
    """
    files = _photos(photos)
    started_here = servers.find(folder) is None
    try:
        server = up(folder, 0, "local")
        results = put(server, files)
        screen = console()
        screen.print(results_table(results))
        print(summary(results))
        if sys.stdout.isatty():
            _show_page(server, results)
    finally:
        if started_here and not keep:
            servers.stop(folder)
    return int(any(result.status in ("lost", "refused") for result in results))


def up(folder: Path, port: int, stack: str) -> Server:
    """Start the embedded AWS and deploy a stack to it; clean up if the first deployment fails."""
    read_config(stack)  # raises for an unknown stack before anything starts
    fresh = servers.find(folder) is None
    with progress("Starting the embedded AWS and deploying the stack", None) as advance:
        server = servers.start(folder, port)
        try:
            deploy(server, stack, lambda name: advance(name=name))
        except BaseException:
            if fresh:
                servers.stop(folder)
            raise
    return server


def put(server: Server, files: list[Path]) -> list[Result]:
    """Upload files anonymously and wait for their manifests, with a progress bar.

    Raises:
        Failure: the stack has ``uploads: private``, so anonymous users cannot upload.
    """
    if server.settings["uploads"] == "private":
        bucket = server.outputs[StackOutput.SOURCE_BUCKET]
        raise Failure(
            f"The stack {server.stack} has uploads: private, so strangers cannot upload; upload "
            f"with credentials: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws s3 cp FILE "
            f"s3://{bucket}/{server.prefixes[0]} --endpoint-url {server.endpoint}"
        )
    endpoint = server.outputs[StackOutput.UPLOAD_ENDPOINT]
    delivery = server.outputs[StackOutput.DELIVERY_URL]
    with progress(f"Uploading {counted(len(files), 'photo')} anonymously", len(files)) as advance:
        return upload_all(
            files,
            endpoint,
            delivery,
            server.prefixes[0],
            lambda result: advance(name=result.file),
            presigned=server.settings["uploads"] == "presigned",
        )


def _photos(folder: Path | None) -> list[Path]:
    if folder is None:
        with progress("Making sample photos", len(PHOTOS)) as advance:
            return sample_photos(_SAMPLES, lambda name: advance(name=name))
    if not folder.is_dir():
        raise Misuse(f"{folder} is not a folder; name one that holds your photos.")
    files = find_files([folder])
    if not files:
        raise Misuse(f"{folder} has no files; name a folder that holds your photos.")
    return files


def _show_page(server: Server, results: list[Result]) -> None:
    shown = ("key", "bytes", "ms", "status")
    uploads = [
        {"file": Path(result.file).name} | {name: getattr(result, name) for name in shown}
        for result in results
    ]
    config, issuer = stack_config(server, uploads), stack_issuer(server)
    with serve(ROOT / "web", config, endpoint=server.endpoint, issuer=issuer) as url:
        console().print(f"Upload your own, and see these: {url} (Ctrl-C ends the demo)")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            return
