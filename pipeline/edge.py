"""The code that runs at CloudFront's edges; ``edge/route.js`` gets the stack's own renditions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from function.engine.renditions import FORMATS, Rendition
from pipeline.settings import SettingsError

RUNTIME: Final = "cloudfront-js-2.0"

MAX_BYTES: Final = 10_240
"""CloudFront's quota for a function's code (developer guide, "Quotas on CloudFront Functions")."""

_FOLDER: Final = Path(__file__).resolve().parent.parent / "edge"

AGE: Final = (_FOLDER / "age.js").read_text(encoding="utf-8")
"""The code that limits how long a rendition without a version is cached; equal in all stacks."""


def function_code(
    renditions: Sequence[Rendition], negotiate: Sequence[str], site_files: Sequence[str]
) -> str:
    """Return the function's code: this stack's constants, then the code that all stacks share.

    Args:
        renditions: the stack's renditions; only they and the manifests are public.
        negotiate: formats that a URL without an extension may give besides JPEG and PNG.
        site_files: names of the page's files; empty without a page.

    Raises:
        SettingsError: the code is longer than CloudFront takes.
    """
    made = {
        each.name: [FORMATS[name].extension for name in (*each.formats, *each.lazy_formats)]
        for each in renditions
    }
    constants = {
        "RENDITIONS": made,
        "EXTENSIONS": [format_.extension for format_ in FORMATS.values()],
        "NEGOTIATED": list(negotiate),
        "SITE": list(site_files),
    }
    lines = [
        f"const {name} = {json.dumps(value, separators=(',', ':'))};\n"
        for name, value in constants.items()
    ]
    code = "".join(lines) + (_FOLDER / "route.js").read_text(encoding="utf-8")
    if len(code.encode()) > MAX_BYTES:
        raise SettingsError(
            f"renditions make the CDN's function {len(code.encode())} bytes long and "
            f"CloudFront takes {MAX_BYTES}; name fewer renditions, or give them fewer formats or "
            "shorter names."
        )
    return code
