"""A stack's resources as compact data: they must not change under a deployed stack.

``state.json`` holds it for each of ``STACKS``. After an intended change, write it anew with
``python -m tests.infra.state`` and review the difference: every line of it is something that
`pulumi up` will change in every stack.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tests.infra.engine import EVERYTHING, Program, Registered, evaluated
from tests.infra.variants import LATER, LAZY, QUOTAS

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_suffix(".json")
LOOKS = "arn:aws:sqs:eu-central-1:123456789012:looks"
STACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "dev": ("dev", {}),
    "local": ("local", {}),
    "prod": ("prod", {}),
    "everything": ("prod", EVERYTHING),
    "quotas": ("prod", QUOTAS),
    "lazy": ("prod", {"renditions": LAZY}),
    "later": ("prod", {"renditions": LATER}),
    "held": ("prod", {"publish": "held", "moderator": LOOKS}),
}
"""By name in the file: the stack, and settings over its own."""

LONGEST = 60
"""Characters of a value that is written out; of a longer one there is the digest."""


def state(stack: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return all that a stack registers, by URN without the stack's and the project's name."""
    program = evaluated(stack, **settings)
    found = [(resource.urn.split("::", 2)[2], resource) for resource in program.resources]
    return {
        _abbreviate(name, stack): describe(program, resource, stack)
        for name, resource in sorted(found, key=lambda pair: pair[0])
    }


def describe(program: Program, resource: Registered, stack: str) -> dict[str, Any]:
    """Return what the engine knows of a resource, without what is empty."""

    def labels(urns: frozenset[str]) -> list[str]:
        named = (program.by_urn(urn) for urn in urns)
        return sorted(_abbreviate(f"{r.type.rpartition(':')[2]} {r.name}", stack) for r in named)

    by_property = frozenset[str]().union(*resource.depends.values())
    known = {
        "inputs": {key: brief(value) for key, value in sorted(resource.inputs.items())},
        "by": {key: labels(urns) for key, urns in sorted(resource.depends.items()) if urns},
        "after": labels(resource.dependencies - by_property),
        "protect": resource.protect,
        "retain": resource.retain_on_delete,
        "aliases": [_abbreviate(alias.split("::", 2)[2], stack) for alias in resource.aliases],
        "ignore": list(resource.ignore_changes),
    }
    return {key: value for key, value in known.items() if value}


def brief(value: Any) -> Any:
    """Return a short value as it is, and of a long one the digest of its JSON.

    The bundle's name, this machine's folders and the code in ``edge/`` are left out of it.
    """
    text = json.dumps(value, sort_keys=True).replace(f"{ROOT}/", "")
    text = re.sub(r'\.cache/bundle/[^"]+\.zip', "bundle.zip", text)
    for name in ("edge/route.js", "edge/age.js"):
        text = text.replace(json.dumps((ROOT / name).read_text())[1:-1], name)
    if len(text) <= LONGEST:
        return json.loads(text)
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _abbreviate(name: str, stack: str) -> str:
    return name.replace(f"image-pipeline-{stack}", "~").replace("image-pipeline:", "")


def _write() -> None:
    """One line for each resource, so that a difference names it."""
    stacks = {name: state(*held) for name, held in STACKS.items()}
    written = (f'"{name}": {_object(resources)}' for name, resources in stacks.items())
    FILE.write_text("{\n" + ",\n".join(written) + "\n}\n")


def _object(resources: dict[str, Any]) -> str:
    lines = (f"{json.dumps(urn)}: {json.dumps(found)}" for urn, found in resources.items())
    return "{\n" + ",\n".join(lines) + "\n}"


if __name__ == "__main__":
    _write()
