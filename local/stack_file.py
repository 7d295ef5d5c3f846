"""Stack files as the Pulumi CLI reads them."""

import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import yaml

_BOOLEAN: Final = "tag:yaml.org,2002:bool"

_BOOLEANS: Final = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")


class _Loader(yaml.SafeLoader):
    """Reads ``off``, ``no`` and the like as text, not as booleans like PyYAML.

    So does the Pulumi CLI (``pulumi config --json``, version 3.274.1), and ``monitoring: off`` is a
    setting.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own name, which it looks for in the class)
        first: [(tag, _BOOLEANS if tag == _BOOLEAN else pattern) for tag, pattern in found]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(path: Path) -> dict[str, Any]:
    """Return a file's content; empty if it has none."""
    return deepcopy(_parse(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=8)  # a program asks for the project's name with each key, a hundred times
def _parse(text: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.load(text, Loader=_Loader) or {})  # noqa: S506 (it is safe)
