import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.sandbox import Report
from bench.sandbox.function import variables
from bench.sandbox.selfcheck import ColdStart, SelfCheck, Share
from bench.sandbox.stub_s3 import StubS3
from bench.sweep.results import Samples, Setup
from bench.sweep.workloads import Workload
from bench.tune import command as tune
from bench.tune.measurement import Effort, Sweep
from local import program
from pipeline.bundle import Bundle
from pipeline.settings import Settings
from terminal import Misuse
from tests.support.bench import ROWS, result


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"complete": False}, "interrupted"),
        ({"trusted": False}, "self-check"),
        ({"chosen": None}, "no measured size"),
        ({}, None),
    ],
)
def test_what_speaks_against_applying(changed, word):
    why = tune.why_not(replace(result(ROWS), **changed))
    assert (word in why) if word else why is None


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--memory", "64"], ["--memory", "512", "10241"], ["--weight", "2"], ["--weight", "-1"]),
        *(
            ["--memory"],
            ["--memory", "--quick"],
            ["--apply"],
            ["--stack", "prd"],
            ["--strategy", "best"],
            ["--samples", "0"],
        ),
        *(["--apply", "--stack", "prd"], ["--folder", "no-such"], ["--workloads", "no-such"]),
        *(["--mix", "heic=1"], ["--quick", "--samples", "3"]),
        *(["--apply", "--stack", "dev", "--first-view", "large.jpg"], ["--first-view", "x.jpg"]),
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
        given = variables(128, store, tune.read_stack(name))
        default = variables(128, store, tune.read_stack(None))
    finally:
        store.close()
    assert [rendition["name"] for rendition in json.loads(given["RENDITIONS"])] == ["only"]
    assert (given["QUALITY"], given["DUPLICATES"]) == ("best", "off")
    assert len(json.loads(default["RENDITIONS"])) == 4
    assert "1 file, quality best (stack small), duplicates not" in tune.describe_renditions(
        name, tune.read_stack(name)
    )


def test_a_stack_s_setting_that_cannot_work_is_one_sentence(stack):
    name = stack("quality: superb")
    with pytest.raises(Misuse, match=r"Pulumi.small.yaml: quality must be"):
        tune.read_stack(name)


@pytest.fixture
def measured(monkeypatch):
    """Have ``tune`` measure nothing, and return these rows."""
    monkeypatch.setattr(tune, "measure", lambda _options, _settings: result(ROWS))


@pytest.mark.usefixtures("measured")
def test_what_is_measured_is_printed_and_written(tmp_path, capsys):
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    assert main(["tune", *files]) == 0
    out = capsys.readouterr().out
    assert "Kept." in out
    assert all(str(row.memory_mb) in out for row in ROWS)
    assert json.loads((tmp_path / "a.json").read_text())["chosen"]["memory_mb"] == 1024
    assert "<p>Kept.</p>" in (tmp_path / "a.html").read_text()


@pytest.mark.usefixtures("measured")
def test_the_choice_is_applied_to_the_stack(stack, tmp_path, monkeypatch, capsys):
    name = stack("timeout: 60")
    file = tmp_path / "Pulumi.small.yaml"
    monkeypatch.setattr(tune.evidence, "settings_file", lambda _stack: file)
    monkeypatch.setattr(tune.evidence, "shipped", lambda _settings: {})
    assert main(["tune", "--apply", "--stack", name]) == 0
    assert "memory: 1024  # measured" in file.read_text()
    assert "then `pulumi up --stack small`" in capsys.readouterr().out
    monkeypatch.setattr(tune, "why_not", lambda _result: "it rains")
    assert main(["tune", "--apply", "--stack", name]) == 1
    assert "Nothing is applied: it rains." in capsys.readouterr().err


def test_without_a_row_there_is_nothing_to_show(monkeypatch, capsys):
    monkeypatch.setattr(tune, "measure", lambda _options, _settings: result([]))
    assert main(["tune"]) == 1
    assert "Nothing was measured yet." in capsys.readouterr().err


def test_files_that_no_run_renders_are_no_measurement(monkeypatch, capsys):
    rejected = [replace(row, outcome="rejected") for row in ROWS]
    monkeypatch.setattr(tune, "measure", lambda _options, _settings: result(rejected))
    assert main(["tune"]) == 1
    said = capsys.readouterr()
    assert "rejected" in said.out
    assert "No run went well (rejected); name photos" in said.err
    one = [*rejected[1:], ROWS[0]]
    monkeypatch.setattr(tune, "measure", lambda _options, _settings: result(one))
    assert main(["tune"]) == 0


STUB = {"s3": "stub", "latency_ms": 15.0, "mb_per_s": 80.0}
EMBEDDED = {"s3": "embedded AWS"}


def measure(monkeypatch, *, done=True, share=1.0, kind="cgroup v1", no_cgroup=False, **options):
    """Measure with a sweep of one case and a self-check of one size."""
    checked = SelfCheck(
        shares=[Share(memory_mb=1769, expected=1.0, measured=share, lambda_share=None)],
        cold=[ColdStart(memory_mb=1024, init_ms=100, lambda_ms=100)],
    )
    load = Workload("small", (Path(__file__),))
    report = Report(
        outcome="ok", duration_ms=5.0, init_ms=7.0, billed_ms=12, max_memory_mb=60.0, cpu_ms=5.0
    )
    given = {}

    def sweep(_bundle, loads, sizes, *, effort, kinds, **_more):
        given.update(loads=loads, sizes=sizes, effort=effort, kinds=kinds)
        setup = Setup(memory_mb=1024, architecture="x86_64")
        case = Samples(workload="small", sha256="x", setup=setup, reports=[report] * 2, stored=[])
        return Sweep(cases=[case], kind=kind, complete=done)

    bundle = Bundle(path=Path(), sha256_base64="abc")
    monkeypatch.setattr(tune, "build", lambda _target: bundle)
    monkeypatch.setattr(tune, "sweep", sweep)
    monkeypatch.setattr(
        tune.control_group, "available", lambda hold: "none" if hold == "nothing" else kind
    )
    monkeypatch.setattr(tune.selfcheck, "check", lambda **_given: checked)
    monkeypatch.setattr(tune.workloads, "make", lambda _name: load)
    options = tune.Options(memory=(1024,), quick=True, no_cgroup=no_cgroup, **options)
    return tune.measure(options, Settings()), given


def test_a_measurement_has_what_it_rests_on(monkeypatch):
    found, given = measure(monkeypatch)
    assert (given["sizes"], given["effort"]) == (
        (1024,),
        Effort(samples=2, budget_s=20, hold="cpu and memory"),
    )
    assert (found.complete, found.trusted, found.bundle) == (True, True, "abc")
    assert found.chosen == Setup(memory_mb=1024, architecture="x86_64")
    assert asdict(found.sandbox) == {"kind": "cgroup v1", "init": "on demand", **STUB}
    assert [(row.memory_mb, row.measured_on) for row in found.summary] == [(1024, "sandbox")]
    assert [len(samples.reports) for samples in found.samples] == [2]
    assert [check.error for check in found.self_check] == [0.0]
    assert [check.error for check in found.cold_check] == [0.0]
    assert (found.settings.stack, len(found.settings.renditions)) == (None, 4)
    words = "\n".join(found.words)
    assert "Made of each upload: 5 files" in words
    assert "held by cgroup v1, CPU from the end of the initialisation" in words
    assert "Self-check, warm, passed" in words
    assert "Self-check, cold, passed" in words


def test_first_views_are_measured_instead_of_uploads(monkeypatch):
    found, given = measure(monkeypatch, first_view=("large.avif", "thumb.jpg"))
    assert [kind.first_view for kind in given["kinds"]] == ["large.avif", "thumb.jpg"]
    words = "\n".join(found.words)
    assert "one first view an invocation" in words
    assert "Made of each upload" not in words


def test_an_s3_of_the_embedded_aws_is_said_to_be_one(monkeypatch):
    monkeypatch.setattr(tune, "EmbeddedS3", type("EmbeddedS3", (StubS3,), {}))
    found, _ = measure(monkeypatch, s3="embedded")
    assert asdict(found.sandbox) == {"kind": "cgroup v1", "init": "on demand", **EMBEDDED}


def test_with_provisioned_concurrency_the_initialisation_is_held(monkeypatch):
    found, given = measure(monkeypatch, provisioned_concurrency=True)
    assert given["effort"].provisioned_concurrency
    assert found.sandbox.init == "provisioned concurrency"
    assert "held by cgroup v1, the initialisation too" in "\n".join(found.words)


def test_a_sandbox_that_gives_too_little_is_not_trusted(monkeypatch):
    assert measure(monkeypatch, share=0.9)[0].trusted is False


@pytest.mark.parametrize("options", [{}, {"no_cgroup": True}])
def test_without_a_control_group_nothing_is_checked_and_no_error_of_it_told(monkeypatch, options):
    found, given = measure(monkeypatch, share=0.9, kind="none", **options)
    assert given["effort"].hold == ("nothing" if options else "cpu and memory")
    assert found.trusted
    assert found.self_check == found.cold_check == []
    words = "\n".join(found.words)
    assert "FALLBACK" in words
    assert "Self-check, " not in words


def test_an_interrupted_sweep_is_not_complete(monkeypatch, capsys):
    assert measure(monkeypatch, done=False)[0].complete is False
    assert "Interrupted" in capsys.readouterr().err
