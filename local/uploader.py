"""An anonymous client of the pipeline: plain HTTP, no credentials, as any uploader would be."""

import hashlib
import http
import json
import mimetypes
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from urllib3 import encode_multipart_formdata

from function.contract.keys import UPLOADS, manifest_key, source_key, upload_name
from function.manifest import ErrorFacts, Manifest, RenditionFacts
from local.http import quote, request
from terminal import Misuse

PARALLEL: Final = 4
"""Uploads under way at one time."""

POLL_SECONDS: Final = 0.05
WAIT_SECONDS: Final = 120
"""Longest wait for a manifest; after it the upload counts as lost."""

PAUSE_SECONDS: Final = 60
"""Wait after an answer of 429: the window of the rate rule in pipeline/firewall.py."""

MOST_PAUSES: Final = 5
"""After so many answers of 429, further ones count towards the wait, so that it always ends."""

_LOST: Final = f"No manifest appeared within {WAIT_SECONDS} s; see `python -m local logs`."


AUTHORIZATION: Final = "UPLOAD_AUTHORIZATION"
"""Variable with the header of the user who uploads, ``Bearer …``, for stacks with ``auth``."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one file's upload.

    Attributes:
        file: path that was uploaded.
        key: object key it got.
        status: ``ready``, ``rejected``, ``failed`` (by a fault of the function), ``refused`` (S3
            did not take it) or ``lost``.
        error: unless ready.
        ms: milliseconds from the first byte sent to the manifest seen.
        bytes: size of the file.
        renditions: as the manifest lists them.
        losses: codes of parts that no rendition keeps (docs/engine.md, "Losses").
        worked_ms: milliseconds that the function took for it, as the manifest says.
    """

    file: str
    key: str
    status: str
    error: ErrorFacts | None
    ms: int
    bytes: int
    renditions: tuple[RenditionFacts, ...] = ()
    losses: tuple[str, ...] = ()
    worked_ms: float = 0

    @property
    def reason(self) -> str:
        """Code and message of the error, for people."""
        return f"{self.error.code}: {self.error.message}" if self.error else "no reason is given"

    def to_json(self) -> str:
        """Return one line, with the fields that scripts rely on."""
        return json.dumps(
            {
                "file": self.file,
                "key": self.key,
                "status": self.status,
                "error": self.error.to_dict() if self.error else None,
                "ms": self.ms,
                "renditions": [rendition.to_dict() for rendition in self.renditions],
                "losses": self.losses,
            }
        )


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return files as given, and all files below folders, sorted, without hidden ones.

    Raises:
        Misuse: one of them may not be read.
    """
    found: list[Path] = []
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [p for p in below if _is_file(p) and not p.name.startswith(".")]
    for file in found:
        if not os.access(file, os.R_OK):
            raise Misuse(f"{file} may not be read; move it away or change its permissions.")
    return found


def _is_file(path: Path) -> bool:
    """Return whether a path is a file; no error for a link to where nobody may look.

    Path's own method raises one before Python 3.14.
    """
    return os.path.isfile(path)  # noqa: PTH113


def upload_all(
    files: list[Path],
    upload_endpoint: str,
    delivery_url: str,
    prefix: str = UPLOADS,
    on_result: Callable[[Result], None] = lambda _result: None,
    *,
    presigned: bool = False,
    parallel: int = PARALLEL,
) -> list[Result]:
    """Upload files in parallel and wait for each one's manifest; Ctrl-C begins no further ones.

    Args:
        files: what to upload.
        upload_endpoint: the stack's output of that name.
        delivery_url: the stack's output of that name.
        prefix: start of the keys of uploads.
        on_result: told each result as it is known.
        presigned: whether the endpoint is the signer's, which chooses the keys.
        parallel: uploads under way at one time.

    Returns:
        One result for each file, in the order given.
    """
    batch = secrets.token_hex(4)
    with ThreadPoolExecutor(parallel) as pool:
        jobs = [
            pool.submit(
                upload, file, key, upload_endpoint, delivery_url, prefix, presigned=presigned
            )
            for file, key in zip(files, _unique_keys(files, prefix, batch), strict=True)
        ]
        try:
            for job in as_completed(jobs):
                on_result(job.result())
        finally:
            pool.shutdown(cancel_futures=True)
    return [job.result() for job in jobs]


def upload(
    file: Path,
    key: str,
    upload_endpoint: str,
    delivery_url: str,
    prefix: str = UPLOADS,
    *,
    presigned: bool = False,
) -> Result:
    """Upload one file under a key, or under one that the signer chooses, and wait."""
    body = file.read_bytes()
    # Not strict: image/webp is no registered type before Python 3.13.
    content_type = mimetypes.guess_type(file.name, strict=False)[0] or "application/octet-stream"
    start = time.perf_counter()
    if presigned:
        key, status, answer = _post(file.name, content_type, body, upload_endpoint)
    else:
        headers = {"Content-Type": content_type}
        status, answer = request("PUT", f"{upload_endpoint}/{quote(key)}", body, headers)
    if status in (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT):
        name = upload_name(key, (prefix,))
        manifest = _wait_for_manifest(f"{delivery_url}/{quote(manifest_key(name))}")
        without = ("lost", ErrorFacts(code="lost", message=_LOST))
    else:
        manifest = None
        without = ("refused", ErrorFacts(code=f"http_{status}", message=_refusal(status, answer)))
    ended, error = (manifest.status, manifest.error) if manifest else without
    return Result(
        file=str(file),
        key=key,
        status=ended,
        error=error,
        ms=round((time.perf_counter() - start) * 1000),
        bytes=len(body),
        renditions=manifest.renditions if manifest else (),
        losses=manifest.losses if manifest else (),
        worked_ms=manifest.timings_ms.total if manifest else 0,
    )


def _wait_for_manifest(url: str) -> Manifest | None:
    """Return the manifest; None if none appears, so that the upload counts as lost.

    429 comes from a rate rule, which also counts blocked requests: a pause lets this address
    through again, and does not count towards the wait.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    pauses = 0
    while time.monotonic() < deadline:
        status, body = request("GET", url)
        if status == http.HTTPStatus.OK:
            return Manifest.from_json(body)
        if status == http.HTTPStatus.TOO_MANY_REQUESTS and pauses < MOST_PAUSES:
            pauses += 1
            deadline += PAUSE_SECONDS
            time.sleep(PAUSE_SECONDS)
        else:
            time.sleep(POLL_SECONDS)
    return None


def _unique_keys(files: Iterable[Path], prefix: str, batch: str) -> Iterator[str]:
    """Keys that no other batch has, and no two files of this one."""
    taken: set[str] = set()
    for file in files:
        key = source_key(f"{batch}/{file.name}", prefix)
        number = 1
        while key in taken:
            number += 1
            key = source_key(f"{batch}/{number}-{file.name}", prefix)
        taken.add(key)
        yield key


def _post(name: str, content_type: str, body: bytes, signer_url: str) -> tuple[str, int, bytes]:
    """Ask for a presigned POST and use it; return the key, and what was answered last."""
    wanted = json.dumps({"name": name, "type": content_type, "size": len(body)}).encode()
    headers = {
        "Content-Type": "application/json",
        # A CDN in front of the signer needs it; without one it is ignored.
        "x-amz-content-sha256": hashlib.sha256(wanted).hexdigest(),
        # Not Authorization, which such a CDN replaces.
        **({"X-Authorization": os.environ[AUTHORIZATION]} if os.environ.get(AUTHORIZATION) else {}),
    }
    status, answer = request("POST", signer_url, wanted, headers)
    if status != http.HTTPStatus.OK:
        return "", status, answer
    form: dict[str, Any] = json.loads(answer)
    status, answer = post_form(form, name, body)
    return form["key"], status, answer


def post_form(form: dict[str, Any], name: str, body: bytes) -> tuple[int, bytes]:
    """Send a file with the form that the signer made; the file comes last, as S3 asks."""
    fields: dict[str, Any] = {**form["fields"], "file": (name, body)}
    data, content_type = encode_multipart_formdata(fields)
    return request("POST", form["url"], data, {"Content-Type": content_type})


def _refusal(status: int, answer: bytes) -> str:
    """The sentence in an error of S3's (XML) or of the signer's (JSON)."""
    found = re.search(rb'<Message>(.*?)</Message>|"message": "(.*?)"', answer, re.DOTALL)
    sentence = found and (found[1] or found[2])
    if sentence:
        return sentence.decode(errors="replace")
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return "Too many requests at this moment, from this address or from all; wait a minute."
    return "The upload was refused."
