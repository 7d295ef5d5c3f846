"""The function: its role, its code, its variables and its subscription."""

import json
import shutil
from functools import partial
from pathlib import Path

from function.engine.renditions import DEFAULT_RENDITIONS
from function.environment import Environment
from pipeline.bundle import build
from tests.infra.engine import evaluated, run
from tests.infra.variants import ROOT


def test_function_comes_after_its_permissions_and_its_log(program):
    function = program.one("Function", "-resizer")
    for earlier in ("RolePolicy", "LogGroup"):
        program.assert_after(function, program.one(earlier, "-resizer"))


def test_role_has_what_it_needs_and_no_wildcard_but_x_rays(program):
    role = program.one("Role", "-resizer")
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert [s["Principal"] for s in trust] == [{"Service": "lambda.amazonaws.com"}]
    statements = program.one("RolePolicy", "-resizer").statements()
    for sid, statement in statements.items():
        assert "*" not in "".join(statement["Action"]), sid
        assert (statement["Resource"] == "*") is (sid == "WriteTraces")
    assert statements["ReadUploads"]["Resource"].endswith("-source-1234567/uploads/*")
    listing = statements["TellMissingFromDenied"]
    assert listing["Action"] == ["s3:ListBucket"]
    assert "Condition" not in listing
    assert [arn.rsplit("-", 2)[1] for arn in listing["Resource"]] == ["source", "destination"]
    assert statements["RemoveLeftovers"]["Action"] == ["s3:DeleteObject"]
    assert all("." in arn.rsplit("/", 1)[-1] for arn in statements["RemoveLeftovers"]["Resource"])
    written = statements["WriteRenditions"]["Resource"]
    assert all("-destination-1234567/*/" in arn for arn in written)
    queues = statements["UseQueues"]
    assert [arn.rsplit("-", 2)[1] for arn in queues["Resource"]] == ["uploads", "backfill"]
    assert sorted(queues["Action"]) == [
        f"sqs:{name}"
        for name in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage")
    ]


def test_function_is_what_the_settings_say():
    program = evaluated(
        "dev", memory=2048, architecture="x86_64", runtime="python3.13", tracing=True
    )
    function = program.one("Function", "-resizer").inputs
    assert function["memorySize"] == 2048
    assert function["architectures"] == ["x86_64"]
    assert function["runtime"] == "python3.13"
    assert function["handler"] == "function.handler.handle"
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": program.one("LogGroup", "-resizer").outputs["name"],
    }


def test_the_provider_hashes_the_code_itself(prod):
    """pulumi-aws fills ``source_code_hash`` with the archive's hash (its ``HashField``)."""
    for part in ("-resizer", "-signer"):
        assert "sourceCodeHash" not in prod.one("Function", part).inputs


def test_changed_code_is_another_archive_and_unchanged_code_the_same(monkeypatch, tmp_path):
    def archive() -> tuple[str, bytes]:
        path = run("dev").one("Function", "-resizer").inputs["code"]["path"]
        return path, Path(path).read_bytes()

    before = archive()
    assert archive() == before
    source = tmp_path / "function"
    shutil.copytree(ROOT / "function", source)
    (source / "new.py").write_text("NEW = 1\n")
    monkeypatch.setattr("pipeline.bundle.build", partial(build, source=source))
    changed = archive()
    assert changed[0] != before[0]
    assert changed[1] != before[1]


def test_defaults_are_arm64_python313_1024_mb(dev):
    function = dev.one("Function").inputs
    assert function["architectures"] == ["arm64"]
    assert (function["runtime"], function["memorySize"]) == ("python3.13", 1024)


def test_mapping_reports_failures_one_by_one():
    program = evaluated("dev", batchSize=7, timeout=75, maxConcurrency=33)
    mapping = program.one("EventSourceMapping", "-resizer").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["batchSize"] == 7
    assert mapping["scalingConfig"] == {"maximumConcurrency": 33}
    assert "provisionedPollerConfig" not in mapping


def test_a_mapping_has_a_ceiling_or_pollers_or_neither():
    scaling = {"scalingConfig", "provisionedPollerConfig"}
    plain = evaluated("dev", maxConcurrency=0).one("EventSourceMapping", "-resizer").inputs
    assert scaling & set(plain) == set()
    polled = evaluated("dev", maxConcurrency=0, pollers={"min": 2, "max": 30})
    inputs = polled.one("EventSourceMapping", "-resizer").inputs
    assert inputs["provisionedPollerConfig"] == {"minimumPollers": 2, "maximumPollers": 30}
    assert "scalingConfig" not in inputs


def test_backfills_are_polled_only_while_one_runs_and_with_a_ceiling_of_their_own():
    """An idle queue that is polled costs $0.26 a month; a deployment must not end a backfill."""
    program = evaluated("dev", batchSize=3, maxConcurrency=33, backfillConcurrency=5)
    mapping = program.one("EventSourceMapping", "-backfill")
    live = program.one("EventSourceMapping", "-resizer").inputs
    assert mapping.inputs["enabled"] is False
    assert mapping.inputs["scalingConfig"] == {"maximumConcurrency": 5}
    same = {"batchSize", "functionName", "functionResponseTypes", "tags"}
    assert {key: mapping.inputs[key] for key in same} == {key: live[key] for key in same}
    assert mapping.inputs["eventSourceArn"].endswith("-backfill-1234567")
    assert list(mapping.ignore_changes) == ["enabled"]
    assert "enabled" not in live


def test_function_reads_back_the_environment_that_the_program_sets(program):
    variables = program.one("Function", "-resizer").inputs["environment"]["variables"]
    environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    elsewhere, by_choice = (
        {"MEMORY_MB", "SOURCE_BUCKET", "FORMAT_QUEUE_URL"},
        {
            "DISTRIBUTION_ID",
            "ENCODERS",
            "HDR",
            "MODERATOR",
            "NATIVE_DECODER",
            "PUBLISH",
            "PUBLISH_METRICS",
        }
        | {"TAGS_REJECTED", "UPLOAD_PREFIXES"},
    )
    expected = {name.upper() for name in Environment.fields} - elsewhere - by_choice
    assert set(variables) - by_choice == expected | {"GLIBC_TUNABLES"}
    is_full = program.settings.monitoring == "full"
    assert environment.publish_metrics is is_full is ("PUBLISH_METRICS" not in variables)
    assert environment.renditions == program.settings.renditions
    assert environment.delivery_url == program.outputs["deliveryUrl"]
    assert environment.destination_bucket == program.outputs["destinationBucket"]


def test_defaults_are_the_four_renditions(dev):
    assert dev.settings.renditions == DEFAULT_RENDITIONS


def test_tracing_and_its_permission_go_together():
    assert "WriteTraces" in evaluated("dev", tracing=True).one("RolePolicy").statements()
    untraced = evaluated("dev", tracing=False)
    assert untraced.one("Function").inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert "WriteTraces" not in untraced.one("RolePolicy").statements()
