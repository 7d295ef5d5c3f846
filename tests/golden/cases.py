"""Golden cases, each a picture with settings: prepare, run and compare them."""

import hashlib
import json
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tests.golden.settings import SETTINGS

GOLDEN = Path(__file__).with_name("golden.json")
RUN = Path(__file__).with_name("run.py")
ROOT = Path(__file__).parents[2]

Case = tuple[str, str]
"""File name of a picture, and name of settings."""

Results = dict[str, dict[str, str]]
"""SHA-256 of every stored object, by the case's two names and the object's."""


def all_cases(names: Collection[str]) -> list[Case]:
    """Return every picture with all settings."""
    return [(name, settings) for settings in SETTINGS for name in names]


def some_cases(names: Collection[str]) -> list[Case]:
    """Return every picture once; the settings take turns."""
    turns = list(SETTINGS)
    return [(name, turns[at % len(turns)]) for at, name in enumerate(names)]


def prepare(folder: Path, pictures: Mapping[str, bytes], cases: Sequence[Case]) -> Path:
    """Write what ``run.py`` reads: the pictures, the settings and the cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in {name for name, _ in cases}:
        (folder / name).write_bytes(pictures[name])
    plan = {"settings": SETTINGS, "cases": cases}
    (folder / "cases.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder


def start(
    python: Sequence[str], folder: Path, code: Path, *options: str
) -> "subprocess.Popen[str]":
    """Start ``run.py`` on a prepared folder with the ``function`` package that is in ``code``."""
    command = [*python, str(RUN), str(folder), str(code), *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def finish(processes: "Sequence[subprocess.Popen[str]]", *, seconds: float) -> list[Results]:
    """Wait for processes of ``start`` and return the results of each.

    Raises:
        RuntimeError: one failed; the message is what it wrote to standard error.
        TimeoutExpired: one took longer than ``seconds``.
    """
    try:
        return [_finish(process, seconds) for process in processes]
    finally:
        for process in processes:
            with process:  # closes its pipes
                process.kill()


def _finish(process: "subprocess.Popen[str]", seconds: float) -> Results:
    output, errors = process.communicate(timeout=seconds)
    if process.returncode:
        raise RuntimeError(errors)
    return json.loads(output)


def picture_hashes(pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Return each picture's SHA-256."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in pictures.items()}


def compare(results: Results, recorded: Results) -> list[str]:
    """Return a line for every object that differs, is missing or is new."""
    lines: list[str] = []
    for case, objects in results.items():
        expected = recorded.get(case, {})
        for name in sorted(expected.keys() | objects.keys()):
            if name not in objects:
                lines.append(f"{case}: {name} is missing")
            elif name not in expected:
                lines.append(f"{case}: {name} is not in golden.json")
            elif objects[name] != expected[name]:
                lines.append(f"{case}: {name} differs")
    return lines
