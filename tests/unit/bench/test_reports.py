"""JSON reports keep their keys; tables show plain text."""

import json
from dataclasses import dataclass, fields

import pytest

from bench import reports
from bench.__main__ import main
from bench.aws import results as aws
from bench.capacity import plan as capacity
from bench.capacity.drain import Case, Load
from bench.capacity.limits import Limit
from bench.capacity.needs import Need
from bench.capacity.scaling import Moment, Outcome, Storm
from bench.cost import report as cost
from bench.cost.bill import Bill, Usage
from bench.engines import results as engines
from bench.engines.frontier import results as frontier
from bench.load import results as load
from bench.load.storm import Depth, Measured
from bench.machine import Machine
from bench.maintain import corpus, duplicates, imports, isolation, limits, oom
from bench.memory import evidence, fit
from bench.memory import report as memory
from bench.sandbox import Report, selfcheck
from bench.sweep import results as sweep
from bench.tune import results as tune
from function.engine.renditions import DEFAULT_RENDITIONS
from terminal import Failure, console

SWEEP = "schema summary unmeasured strategy chosen machine samples complete words"
KEYS = {
    Machine: "cpu cpus kernel python libraries commit date",
    Report: "outcome duration_ms init_ms billed_ms max_memory_mb cpu_ms",
    sweep.Setup: "memory_mb architecture batch_size",
    sweep.Row: "measured_on architecture memory_mb batch_size workload p50_ms p90_ms p95_ms p99_ms "
    "peak_mb init_ms cold_ms usd_per_1000 total_usd_per_1000 costs outcome samples first_view",
    sweep.Samples: "workload sha256 setup reports stored why first_view",
    sweep.Stored: "images uploaded_bytes made_bytes objects",
    sweep.Unmeasured: "architecture measured_on outcome why",
    tune.SandboxFacts: "kind init s3",
    tune.StubSandboxFacts: "kind init s3 latency_ms mb_per_s",
    selfcheck.WarmRow: "memory_mb expected measured lambda_share error",
    selfcheck.ColdRow: "memory_mb init_ms lambda_ms error",
    tune.MeasuredSettings: "stack renditions quality",
    tune.SandboxResult: f"{SWEEP} trusted bundle sandbox self_check cold_check settings",
    aws.DeployedFunction: "name architecture code runtime endpoint clone",
    aws.AwsResult: f"{SWEEP} clean function",
    engines.Comparison: "schema machine photo rounds results skipped",
    engines.Result: "task engine cpu_ms ratio peak_rss_mb bytes score score_each colour samples_ms",
    engines.Skipped: "task engine why",
    frontier.Frontier: "schema machine pictures side judge rows points skipped",
    frontier.Row: "group format encoder score pictures quality bytes cpu_ms colour bytes_ratio "
    "cpu_ratio",
    frontier.Point: "picture group format encoder quality bytes cpu_ms score colour",
    engines.Missing: "engine why",
    capacity.Result: "schema machine stack region load ways month burst words",
    capacity.Way: "name case needs",
    Load: "images burst over_s peak within_s image_s init_s account",
    Case: "setting concurrency per_second arrival_s outcome is_alone keeps_up lost",
    Need: "limit needed advice",
    Limit: "name value unit quota source",
    load.Result: "schema machine measured checks simulated",
    Measured: "depths uploads done handler_s",
    Depth: "second visible in_flight",
    load.Check: "name measured simulated error",
    Outcome: "storm moments peak_waiting peak_concurrency drained_s p50_s p99_s throttled notes",
    Storm: "per_second seconds image_s init_s max_concurrency account start growth writes",
    Moment: "second waiting concurrency done",
    cost.Result: "schema images each free_tier lines subtotals total_usd usd_per_1000 stacks "
    "account scales sources words backfills",
    cost.StackCost: "name region architecture prices_date usage months",
    cost.Month: "images free_tier lines subtotals total_usd",
    Bill: "images lines subtotals total_usd",
    Usage: "memory_mb billed_ms init_ms cold_share batch puts gets upload_mb output_mb log_kb "
    "sign_ms views view_kb months lazy viewed first_view_ms lazy_formats stand_in_ms "
    "format_ms",
    corpus.Result: "schema machine results",
    corpus.Row: "file format status code message ms rss_mb losses pillow",
    duplicates.Result: "schema machine copies photos closest named wrong precision recall",
    duplicates.Copies: "median p90 within found",
    imports.Result: "machine ratio samples_ms",
    isolation.Result: "schema machine results samples_ms",
    isolation.Row: "file in_process_ms isolated_ms added_ms added_quartiles_ms ratio",
    limits.Result: "schema machine results",
    memory.Result: "schema stack memory_mb fits kinds sources machine words",
    fit.Fit: "kind memory_mb megapixels limited_by",
    fit.Kind: "name bytes_per_pixel file_bytes_per_pixel measured_as",
    evidence.Source: "file cpu date",
    evidence.Row: "kind limit megapixels bytes peak_mb cpu_ms ms_per_megapixel bytes_per_pixel",
    oom.Result: "schema machine results",
    oom.Found: "kind memory_mb survived_mp ended accepted_mp refused tries",
}


@pytest.mark.parametrize("part", KEYS, ids=lambda part: f"{part.__module__}.{part.__name__}")
def test_the_keys_of_a_report_are_those_of_the_last_release(part):
    assert {field.name for field in fields(part)} == set(KEYS[part].split())


@dataclass
class Part:
    numbers: tuple[int, ...]


@dataclass
class Whole:
    part: Part


def test_a_report_is_written_where_it_was_asked_for(tmp_path):
    reports.write_json(tmp_path / "a.json", Whole(Part((1, 2))))
    reports.write_json(None, Whole(Part(())))
    assert json.loads((tmp_path / "a.json").read_text()) == {"part": {"numbers": [1, 2]}}
    assert (tmp_path / "a.json").read_text().endswith("}\n")


def test_a_record_of_the_function_is_written_with_all_its_fields():
    written = reports.to_data(Whole(DEFAULT_RENDITIONS))["part"]
    assert written == [rendition.to_dict() for rendition in DEFAULT_RENDITIONS]
    assert written[0]["formats"] == ["jpeg", "avif"]


COMMANDS = (
    *("aws", "capacity", "compare", "cost", "load", "tune", "maintain corpus ."),
    *("maintain duplicates", "maintain imports", "maintain isolation", "maintain limits"),
    *("maintain oom", "maintain quality"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path, capsys, command
):
    for path, reason in (
        (tmp_path / "none" / "a", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        assert main([*command.split(), "--json", str(path)]) == 2
        assert capsys.readouterr().err == f"error: {path} cannot be written: {reason}.\n"


def test_one_file_is_not_named_for_both(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cost", "--json", "a", "--html", str(tmp_path / "a")]) == 2
    sentence = "error: --json and --html both name a; give each its own file.\n"
    assert capsys.readouterr().err == sentence
    assert not (tmp_path / "a").exists()


def test_a_file_is_not_made_by_a_command_line_that_is_wrong(tmp_path):
    assert main(["cost", "--html", str(tmp_path / "a"), "--region", "mars"]) == 2
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_any_more_is_a_failure(tmp_path):
    with pytest.raises(Failure, match="cannot be written: Is a directory"):
        reports.write_json(tmp_path, Whole(Part(())))


def test_a_table_shows_words_left_figures_right_and_markup_as_it_is(capsys):
    rows = [("[b]a[/b]", "7", "ok"), ("long name", "1000", "not ok")]
    console().print(reports.table("Title", ("name", "MB", "why"), rows, left=("why",)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "Title"
    assert "│ [b]a[/b]  │    7 │ ok     │" in lines


def test_a_long_title_is_one_line_above_a_narrow_table(capsys):
    title = "USD a month, without any free tier"
    console().print(reports.table(title, ("line", "USD"), [("s3 puts", "1")]))
    assert capsys.readouterr().out.splitlines()[0].rstrip() == title
