"""A measured memory size in a stack's settings, with the evidence that it rests on.

``tune --apply`` writes the size to ``Pulumi.<stack>.yaml`` and the figures to ``bench/evidence``;
the line carries the figures' hash. ``python -m bench maintain evidence`` (part of ``make check``)
says when what was measured is no longer what would be deployed.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml

from pipeline.environment import GLIBC_TUNABLES
from terminal import Misuse

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path("bench") / "evidence"
MARK: Final = "measured, evidence"
_KEPT: Final = (
    *("summary", "strategy", "chosen", "settings", "machine", "bundle", "sandbox"),
    *("self_check", "cold_check"),
)
"""Keys of a sweep's JSON that its evidence repeats."""

_DECIDING: Final = ("renditions", "quality", "nativeDecoder", "background")
"""Settings of a stack, besides memory, that decide what an upload costs."""
_CITED: Final = r": [\"']?(?P<mb>\d+)[\"']?\s+# " + MARK + r" (?P<hash>[0-9a-f]+)$"
"""Pattern of the text after the key. The Pulumi CLI quotes numbers when it rewrites a file."""


def settings_file(stack: str, root: Path = ROOT) -> Path:
    """Return the file of a stack's settings.

    Raises:
        Misuse: there is no such stack.
    """
    path = root / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(map(_stack, root.glob("Pulumi.*.yaml"))))
        raise Misuse(f"There is no stack {stack!r}; choose one of {known}.")
    return path


def apply(settings: Path, result: Mapping[str, Any]) -> str:
    """Write a sweep's evidence, and its choice with the evidence's hash; return what was done.

    ``result`` is the sweep's, as ``--json`` writes it.

    Raises:
        Misuse: the file has no ``config`` to write to.
    """
    kept = {key: result[key] for key in _KEPT if key in result}
    text = json.dumps({"schema": 2, **kept, "measured": shipped(settings)}, indent=1) + "\n"
    key, memory_mb = _key(settings, "memory"), result["chosen"]["memory_mb"]
    edited = with_memory(settings.read_text(encoding="utf-8"), key, memory_mb, _hash(text))
    path = _evidence_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    settings.write_text(edited, encoding="utf-8")
    return (
        f"{settings.name} now says {key} {memory_mb}; its evidence is "
        f"{path.relative_to(settings.parent)}: commit both, then "
        f"`pulumi up --stack {_stack(settings)}`."
    )


def with_memory(text: str, key: str, memory_mb: int, evidence: str) -> str:
    """Return the settings with the size and its evidence; every other line stays as it is.

    Raises:
        Misuse: the text has no ``config`` mapping.
    """
    before = _read(text)
    line = f"{key}: {memory_mb}  # {MARK} {evidence}"
    present = re.compile(rf"^(\s+){re.escape(key)}:[^\n]*$", re.MULTILINE)
    if present.search(text):
        edited = present.sub(rf"\g<1>{line}", text, count=1)
    else:
        edited = re.sub(r"^config:[^\n]*$", f"config:\n  {line}", text, count=1, flags=re.MULTILINE)
    if _read(edited) != {**before, "config": {**before["config"], key: memory_mb}}:
        raise Misuse("The stack's file has no block `config:` to edit; add one by hand first.")
    return edited


def examine(settings: Path) -> str | None:
    """Return a sentence on whether a stack's evidence holds; None if it cites none."""
    key = re.escape(_key(settings, "memory"))
    cited = re.search(rf"^\s+{key}{_CITED}", settings.read_text(encoding="utf-8"), re.MULTILINE)
    if cited is None:
        return None
    stack, path = _stack(settings), _evidence_file(settings)
    again = f"measure anew with `python -m bench tune --apply --stack {stack}`"
    if not path.is_file() or _hash(path.read_text(encoding="utf-8")) != cited["hash"]:
        return f"{stack}: the evidence of memory {cited['mb']} is gone or was edited; {again}."
    measured = json.loads(path.read_text(encoding="utf-8"))["measured"]
    now = shipped(settings)
    changed = [name for name in now if now[name] != measured.get(name)]
    if changed:
        what = f"{' and '.join(changed)} changed since"
        return f"{stack}: the evidence of memory {cited['mb']} is stale: {what}; {again}."
    return f"{stack}: memory {cited['mb']} was measured on what would be deployed."


def shipped(settings: Path) -> dict[str, str]:
    """Return what decides latency and memory on any machine: bundle, Pillow, settings."""
    digest, root = hashlib.sha256(), settings.parent
    files = sorted(path for path in (root / "function").rglob("*") if path.is_file())
    for path in (*files, root / "pipeline" / "bundle" / "native.py"):
        if path.suffix not in (".pyc", ".so"):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    pins = (root / "function" / "requirements.txt").read_text(encoding="utf-8")
    pillow = re.search(r"^pillow==(\S+)", pins, re.MULTILINE)
    config = _read(settings.read_text(encoding="utf-8"))["config"]
    deciding = [config.get(_key(settings, name)) for name in _DECIDING]
    return {
        "the bundle's sources": digest.hexdigest()[:16],
        "Pillow": pillow[1] if pillow else "none",
        "the allocator's settings": GLIBC_TUNABLES,
        "the stack's settings": _hash(json.dumps(deciding)),
    }


def _read(text: str) -> dict[str, Any]:
    """Return a stack's file as data; its ``config`` is empty if it has none."""
    content = cast("dict[str, Any]", yaml.safe_load(text) or {})
    return {**content, "config": content.get("config") or {}}


def _key(settings: Path, name: str) -> str:
    """Return a setting's full key, which starts with the project's name."""
    project = yaml.safe_load((settings.parent / "Pulumi.yaml").read_text(encoding="utf-8"))
    return f"{project['name']}:{name}"


def _stack(settings: Path) -> str:
    return settings.name.split(".")[1]


def _evidence_file(settings: Path) -> Path:
    return settings.parent / FOLDER / f"{_stack(settings)}.json"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
