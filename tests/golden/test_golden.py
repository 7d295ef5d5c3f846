"""Every rendition and manifest of the golden pictures has the SHA-256 that golden.json records.

After an intended change of renditions, ``python -m tests.golden --record`` writes golden.json anew,
and ``GOLDEN_ALL=1 RECORD=1 pytest tests/golden -k architecture`` what arm64 stores otherwise.
"""

import json
import os
import sys
import zipfile

import pytest

from pipeline.bundle import Target, build
from tests.golden import aarch64
from tests.golden.cases import (
    GOLDEN,
    ROOT,
    all_cases,
    compare,
    finish,
    picture_hashes,
    prepare,
    some_cases,
    start,
)
from tests.golden.pictures import make_pictures

SECONDS = 300
EMULATED_SECONDS = 1500
EMULATORS = 2
"""How many emulated processes share the cases."""

ALL = "GOLDEN_ALL"
"""Environment variable: if set, aarch64 processes every picture with all settings (see below)."""

OWN = {"avif", "json"}
"""Endings of the objects that arm64 may store otherwise."""

MAX_LINES = 40
"""At most this many differences are listed in a failure."""


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_bytes())


@pytest.fixture(scope="module")
def pictures():
    return make_pictures()


@pytest.fixture(scope="module")
def same_pictures(pictures, golden):
    """The pictures that are as recorded; each other one fails its own test."""
    hashes = picture_hashes(pictures)
    return {name: data for name, data in pictures.items() if hashes[name] == _hash(golden, name)}


@pytest.fixture(scope="module")
def results_here(same_pictures, tmp_path_factory):
    """Results of two fresh processes, of which the second starts with the last picture."""
    folder = tmp_path_factory.mktemp("golden")
    prepare(folder, same_pictures, all_cases(same_pictures))
    orders = {"first to last": (), "last to first": ("--reverse",)}
    runs = [start([sys.executable], folder, ROOT, *options) for options in orders.values()]
    return dict(zip(orders, finish(runs, seconds=SECONDS), strict=True))


def _hash(golden, name):
    return golden["pictures"].get(name)


def describe(lines):
    """The differences, and what to do about them."""
    return "\n".join(
        [
            f"{len(lines)} objects are not as recorded:",
            *lines[:MAX_LINES],
            "Look at the objects that `python -m tests.golden --keep FOLDER` writes. If the change",
            "is intended, record it with `python -m tests.golden --record`.",
        ]
    )


def test_the_pictures_are_those_that_were_recorded(pictures, golden):
    """If one differs, so does an encoder on this machine, and its renditions cannot be compared."""
    hashes = picture_hashes(pictures)
    names = sorted(hashes.keys() | golden["pictures"].keys())
    others = [name for name in names if hashes.get(name) != _hash(golden, name)]
    assert not others, (
        f"These inputs are not the recorded ones: {', '.join(others)}. The function is not at "
        "fault: an encoder here (Pillow, pillow-heif) differs, or tests/golden/pictures.py changed."
    )


@pytest.mark.parametrize("order", ["first to last", "last to first"])
def test_renditions_and_manifests_are_as_recorded(order, results_here, golden):
    lines = compare(results_here[order], golden["results"])
    assert not lines, describe(lines)


def test_every_rejection_and_every_output_format_is_among_them(golden):
    endings = {
        name.rpartition(".")[2] for objects in golden["results"].values() for name in objects
    }
    assert endings == {"avif", "jpg", "json", "png", "webp"}
    rejected = {case for case, objects in golden["results"].items() if len(objects) == 1}
    assert len({case.partition(" ")[0] for case in rejected}) == 6


@pytest.mark.network
def test_lambdas_other_architecture_stores_the_same(same_pictures, golden, tmp_path):
    """The real arm64 bundle runs under qemu-user.

    An AVIF with alpha and full chroma is its own there: libyuv, by which libavif converts just
    these pixels, rounds by other instructions (at most by one level, in 0.02 % of the values of
    png-alpha.png). golden.json has its hash, and that of the manifest with its size, as ``arm64``.

    Emulation takes about a second a case. By default each picture is processed once, with settings
    that take turns; with ``GOLDEN_ALL=1`` it is processed with all settings.
    """
    try:
        command = aarch64.find_command(ROOT / ".cache" / "golden")
    except aarch64.Missing as missing:
        pytest.skip(f"the arm64 bundle cannot be run here: {missing}")
    code = tmp_path / "code"
    bundle = build(Target.for_lambda(aarch64.PYTHON, "arm64"))
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(code)
    cases = (all_cases if os.environ.get(ALL) else some_cases)(same_pictures)
    runs = []
    for number in range(EMULATORS):
        share = cases[number::EMULATORS]
        folder = prepare(tmp_path / str(number), same_pictures, share)
        runs.append(start([*command, "-IS"], folder, code, "--in-process"))
    results = finish(runs, seconds=EMULATED_SECONDS)
    found = {case: objects for share in results for case, objects in share.items()}
    if os.environ.get("RECORD"):
        golden["arm64"] = differences(found, golden["results"])
        GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    assert {name.rpartition(".")[2] for own in golden["arm64"].values() for name in own} == OWN
    expected = {
        case: objects | golden["arm64"].get(case, {}) for case, objects in golden["results"].items()
    }
    lines = list(compare(found, expected))
    assert not lines, describe(lines)


def differences(found, recorded):
    """Return the hashes of a case's objects that are not the recorded ones, by case."""
    own = {
        case: {name: each for name, each in objects.items() if recorded[case][name] != each}
        for case, objects in found.items()
    }
    return {case: objects for case, objects in own.items() if objects}
