import json
import shutil
from argparse import Namespace
from dataclasses import replace

import pytest

from bench.__main__ import main
from bench.machine import UsageError
from bench.sandbox.function import variables
from bench.sandbox.stub_s3 import StubS3
from bench.tune import command as tune
from local import program
from tests.support.bench import ROWS, row


@pytest.mark.parametrize(
    ("result", "word"),
    [
        ({"complete": False, "trusted": True, "chosen_mb": 512}, "interrupted"),
        ({"complete": True, "trusted": False, "chosen_mb": 512}, "self-check"),
        ({"complete": True, "trusted": True, "chosen_mb": None}, "no measured size"),
        ({"complete": True, "trusted": True, "chosen_mb": 512}, None),
    ],
)
def test_what_speaks_against_applying(result, word):
    why = tune._why_not(result)
    assert (word in why) if word else why is None


def options(**given):
    return Namespace(**{"strategy": "cost", "weight": 0.5, "target_ms": 800, **given})


def test_several_workloads_get_the_size_that_suits_all():
    rows = [*ROWS, *(replace(r, workload="x", usd_per_1000=1 / r.memory_mb) for r in ROWS)]
    assert tune.as_result(rows, options())["chosen_mb"] == 3008
    rows += [replace(row(128, 1, 1, outcome="oom"), workload="y")]
    assert tune.as_result(rows, options())["chosen_mb"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--memory", "64"], ["--weight", "2"], ["--apply"], ["--stack", "prd"]),
        *(["--apply", "--stack", "prd"], ["--folder", "no-such"], ["--workloads", "no-such"]),
    ],
)
def test_misuse(arguments):
    assert main(["tune", *arguments]) == 2


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """Write the settings of a stack named small."""
    shutil.copy(program.ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)

    def write(*lines: str) -> str:
        text = "".join(f"  image-pipeline:{line}\n" for line in lines)
        (tmp_path / "Pulumi.small.yaml").write_text("config:\n" + text)
        return "small"

    return write


def test_a_stack_s_own_renditions_are_measured(stack):
    only = "[{name: only, width: 90, height: 90, fit: inside, formats: [jpeg], quality: 80}]"
    name = stack(f"renditions: {only}", "quality: best", "duplicates: near", "maxMegapixels: 90")
    store = StubS3()
    try:
        given = variables(128, store, tune._settings(name))
        default = variables(128, store, tune._settings(None))
    finally:
        store.close()
    assert [rendition["name"] for rendition in json.loads(given["RENDITIONS"])] == ["only"]
    assert (given["QUALITY"], given["DUPLICATES"]) == ("best", "off")
    assert len(json.loads(default["RENDITIONS"])) == 4
    assert "1 file, quality best (stack small), duplicates not" in tune._made(
        name, tune._settings(name)
    )


def test_a_stack_s_setting_that_cannot_work_is_one_sentence(stack):
    name = stack("quality: superb")
    with pytest.raises(UsageError, match=r"Pulumi.small.yaml: quality must be"):
        tune._settings(name)
