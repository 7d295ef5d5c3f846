"""The functions' variables: read back by what runs with them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from function.contract import DuplicateSearch
from function.engine.renditions import DEFAULT_RENDITIONS, Encoders, Hdr, Rendition
from function.engine.results import Task
from function.environment import Environment
from pipeline.auth import Auth
from pipeline.environment import environment_variables, signer_variables, view_variables
from pipeline.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("key", ["", "arn:aws:kms:eu-central-1:123456789012:key/1"])
def test_the_function_reads_back_what_is_set(key):
    settings = Settings(memory=2048, background="#102030", max_upload_mb=7, max_megapixels=9)
    variables = environment_variables(settings, "bucket", "https://example.com", key, "table")
    read = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048"})
    assert read.destination_bucket == "bucket"
    assert read.delivery_url == "https://example.com"
    assert read.kms_key_arn == key
    assert read.index_table == "table"
    assert read.renditions == DEFAULT_RENDITIONS
    assert read.max_upload_bytes == 7_000_000
    assert read.max_pixels == 9_000_000
    assert read.timeout == 60


def test_only_a_stack_without_native_decoders_has_a_variable_for_them():
    """An upgrade changes no variable of the others."""
    on, off = (
        environment_variables(Settings(native_decoder=native), "b", "u", "")
        for native in (True, False)
    )
    assert off == {**on, "NATIVE_DECODER": "false"}
    for variables, native in ((on, True), (off, False)):
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.task.native_decoder is native
        assert Task.parse(environment.task.to_dict()) == environment.task


def test_only_the_function_for_first_views_is_told_the_source_bucket():
    """An upgrade changes no variable of the others."""
    lazy = (*DEFAULT_RENDITIONS, Rendition(name="poster", width=9, height=9, lazy=True))
    for renditions, bucket in ((DEFAULT_RENDITIONS, ""), (lazy, ""), (lazy, "source")):
        settings = Settings(renditions=renditions, delivery="cdn")
        variables = environment_variables(settings, "b", "u", "", source_bucket=bucket)
        assert ("SOURCE_BUCKET" in variables) is bool(bucket)
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.source_bucket == bucket
        assert environment.renditions == renditions


def test_only_a_stack_whose_rejected_uploads_expire_tags_them():
    """An upgrade changes no variable of the others."""
    off, on = (
        environment_variables(Settings(rejected_upload_days=days), "b", "u", "") for days in (0, 7)
    )
    assert on == {**off, "TAGS_REJECTED": "true"}
    for variables, tags in ((off, False), (on, True)):
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.tags_rejected is tags


def test_only_a_stack_that_drops_gain_maps_has_a_variable_for_them():
    """An upgrade changes no variable of the others."""
    keep, drop = (environment_variables(Settings(hdr=hdr), "b", "u", "") for hdr in Hdr)
    assert drop == {**keep, "HDR": "drop"}
    for variables, hdr in ((keep, Hdr.KEEP), (drop, Hdr.DROP)):
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.task.hdr is hdr
        assert Task.parse(environment.task.to_dict()) == environment.task


def test_only_a_stack_that_keeps_earlier_encoders_has_a_variable_for_them():
    """A release that is rolled back to knows none."""
    of_each = {
        encoders: environment_variables(Settings(encoders=encoders), "b", "u", "")
        for encoders in Encoders
    }
    now = of_each[Encoders.CURRENT]
    assert of_each[Encoders.V0_1] == {**now, "ENCODERS": "v0.1"}
    assert of_each[Encoders.SMALLER] == {**now, "ENCODERS": "smaller"}
    for encoders, variables in of_each.items():
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.task.encoders is encoders
        assert Task.parse(environment.task.to_dict()) == environment.task


@pytest.mark.parametrize("monitoring", ["off", "lean", "full"])
def test_only_full_monitoring_publishes_metrics(monitoring):
    """An upgrade changes no variable of a stack with full monitoring, the default."""
    variables = environment_variables(Settings(monitoring=monitoring), "b", "u", "")
    more = {} if monitoring == "full" else {"PUBLISH_METRICS": "false"}
    assert variables == {**environment_variables(Settings(), "b", "u", ""), **more}
    environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    assert environment.publish_metrics is (monitoring == "full")


@pytest.mark.parametrize("name", ["PUBLISH_METRICS", "NATIVE_DECODER", "TAGS_REJECTED"])
def test_a_malformed_switch_is_named(name):
    variables = environment_variables(Settings(), "b", "u", "")
    given = {**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", name: "no"}
    with pytest.raises(RuntimeError, match=f"{name} must be true or false; got 'no'"):
        Environment.read(given)


def test_what_a_stack_does_without_is_empty():
    on = environment_variables(Settings(), "b", "u", "")
    assert (on["KMS_KEY_ARN"], on["INDEX_TABLE"]) == ("", "")
    assert on["GLIBC_TUNABLES"] == (
        "glibc.malloc.mmap_threshold=16777216:glibc.malloc.trim_threshold=25165824"
    )


def read_by(module):
    source = (ROOT / "signer" / f"{module}.py").read_text()
    return set(re.findall(r'os\.environ\["(\w+)"\]', source))


def test_the_signer_reads_all_that_is_set():
    variables = signer_variables(Settings(), "bucket", "https://bucket.example.com")
    assert variables == {
        "SOURCE_BUCKET": "bucket",
        "UPLOAD_URL": "https://bucket.example.com",
        "MAX_UPLOAD_BYTES": "25000000",
    }
    assert read_by("handler") == set(variables)


def test_the_signer_reads_who_may_upload_and_how_much():
    auth = Auth(issuer="https://login.example.com/", audience="photos")
    settings = Settings(uploads="presigned", auth=auth, quota_per_hour=9)
    anyone = signer_variables(Settings(), "bucket", "u")
    who = {"ISSUER": "https://login.example.com/", "AUDIENCE": "photos"}
    assert signer_variables(settings, "bucket", "u") == {**anyone, **who}
    quotas = {"QUOTA_TABLE": "table", "QUOTA_PER_HOUR": "9", "QUOTA_BYTES_PER_DAY": "0"}
    variables = signer_variables(settings, "bucket", "u", "table")
    assert variables == {**anyone, **who, **quotas}
    assert read_by("handler") | read_by("authorized") == set(variables)


def test_the_function_for_first_views_reads_back_what_it_is_told():
    lazy = (*DEFAULT_RENDITIONS, Rendition(name="poster", width=9, height=9, lazy=True))
    settings = Settings(
        delivery="cdn", renditions=lazy, duplicates=DuplicateSearch.NEAR, timeout=60
    )
    variables = view_variables(settings, "source", "destination", "key")
    read = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    assert (read.source_bucket, read.destination_bucket) == ("source", "destination")
    assert (read.kms_key_arn, read.delivery_url, read.index_table) == ("key", "", "")
    assert (read.duplicates, read.publish_metrics, read.timeout) == (DuplicateSearch.OFF, False, 30)
    short = view_variables(replace(settings, timeout=20, batch_size=1), "s", "d", "")
    assert short["TIMEOUT"] == "20"
    assert read.format_queue_url == ""
    asking = view_variables(settings, "source", "destination", "key", "https://sqs/formats")
    assert asking == {**variables, "FORMAT_QUEUE_URL": "https://sqs/formats"}
