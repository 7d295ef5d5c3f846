"""The check that the destination bucket has every file that the stack makes today."""

import json
from collections.abc import Iterable
from itertools import islice

from function.contract import StackOutput
from function.contract.keys import MANIFEST, rendition_key
from function.engine.renditions import Rendition, file_name, made_at_upload
from ops.finding import DEPLOY, Finding, ok, warn
from ops.stack import Stack
from terminal import counted

PAGES = 3
"""Listings of 1,000 keys to check: a sample of about 500 uploads."""


def renditions(stack: Stack) -> Finding:
    """Check that uploads have every file that the function makes of an upload today.

    Lazy renditions and formats are made once they are viewed, so none of them is missing. Uploads
    from before a format or a rendition was added lack it until a backfill. The check reads the
    bucket's first keys, in alphabetical order.
    """
    wanted = _made(stack)
    if not wanted:
        return warn("renditions", "the function has no setting RENDITIONS", DEPLOY)
    lister = stack.client("s3").get_paginator("list_objects_v2")
    pages = list(islice(lister.paginate(Bucket=stack.destination), PAGES))
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    uploads = _files_by_upload(keys)
    if pages[-1].get("IsTruncated"):
        # More files of these may be on the next page. There are several uploads if one's name
        # starts with another's: the files of ``u/a.jpg`` and of ``u`` are mixed in the listing.
        last = max(rendition_key("", file) for file in (*wanted, MANIFEST))
        uploads = {name: files for name, files in uploads.items() if name + last <= keys[-1]}
    uploads = {n: files - {MANIFEST} for n, files in uploads.items() if MANIFEST in files}
    uploads = {name: files for name, files in uploads.items() if files}  # the others are rejected
    lacking = {name: wanted - files for name, files in uploads.items() if wanted - files}
    if not uploads and pages[-1].get("IsTruncated"):
        detail = f"none of the first {counted(len(keys), 'object')} is of an upload with renditions"
        return warn("renditions", detail, "run `python -m ops backfill` after a change of formats")
    if not lacking:
        return ok("renditions", f"{counted(len(uploads), 'upload')} looked at, none lacks a file")
    name, files = next(iter(lacking.items()))
    detail = (
        f"{len(lacking)} of {counted(len(uploads), 'upload')} looked at lack files that are made "
        f"today, e.g. {name} {', '.join(sorted(files))}"
    )
    fix = (
        "make them with `python -m ops backfill`; on a CDN, leave their format out of `negotiate` "
        'until then (docs/operate.md, "When formats change")'
    )
    return warn("renditions", detail, fix)


def _made(stack: Stack) -> set[str]:
    name = stack.outputs[StackOutput.FUNCTION_NAME]
    found = stack.client("lambda").get_function_configuration(FunctionName=name)
    raw = found.get("Environment", {}).get("Variables", {}).get("RENDITIONS", "[]")
    made = [Rendition.parse(rendition) for rendition in json.loads(raw)]
    at_once = made_at_upload(made)
    return {file_name(rendition.name, name) for rendition in at_once for name in rendition.formats}


def _files_by_upload(keys: Iterable[str]) -> dict[str, set[str]]:
    """Return the names of the files that each upload has in the destination bucket."""
    found: dict[str, set[str]] = {}
    for key in keys:
        name, _, file = key.rpartition("/")
        found.setdefault(name, set()).add(file)
    return found
