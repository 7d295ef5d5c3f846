"""The names that parts share: their values, which others rely on, and who may import what."""

import graphlib
import json
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from function import contract
from function.contract import Metric, StackOutput
from function.events import EventKind, parse_message
from function.versions import ObjectVersion
from signer import handler as signer

ROOT = Path(__file__).parents[3]
PLAIN = (
    "function.contract",
    "function.engine.limits",
    "function.engine.record",
    "function.engine.renditions",
)


def test_keys_are_those_that_readers_and_uploaders_know():
    assert contract.source_key("u1/beach.jpg") == "uploads/u1/beach.jpg"
    assert contract.upload_name("uploads/u1/beach.jpg") == "u1/beach.jpg"
    assert contract.rendition_key("u1/beach.jpg", "thumb.jpg") == "u1/beach.jpg/thumb.jpg"
    assert contract.manifest_key("u1/beach.jpg") == "u1/beach.jpg/manifest.json"
    assert (contract.INDEX, contract.SCHEMA) == ("_index/", 1)


@pytest.mark.parametrize("name", ["a.jpg", "uploads/a.jpg", "manifest.json", "a/manifest.json"])
def test_a_name_comes_back_from_its_keys(name):
    assert contract.upload_name(contract.source_key(name)) == name
    assert contract.name_of_manifest(contract.manifest_key(name)) == name


@pytest.mark.parametrize("key", ["a.jpg/thumb.jpg", "manifest.json", "a.jpg/manifest.json/b.jpg"])
def test_another_key_is_no_manifests(key):
    assert contract.name_of_manifest(key) is None


def test_metrics_are_those_that_dashboards_and_alarms_of_others_may_name():
    assert contract.METRIC_NAMESPACE == "ImagePipeline"
    assert list(Metric) == [
        *("Processed", "Rejected", "Failed", "Duplicates", "Lossy"),
        *("DecoderBugs", "Stopped", "WorkersReplaced", "ColdStart", "BytesIn", "BytesOut"),
        *("FetchTime", "DecodeTime", "RenderTime", "StoreTime", "TotalTime"),
    ]


def test_outputs_are_those_that_scripts_may_name():
    assert list(StackOutput) == [
        *("sourceBucket", "destinationBucket", "queueUrl", "deadLetterQueueUrl", "functionName"),
        *("backfillQueueUrl", "logGroup", "uploadEndpoint", "deliveryUrl", "siteUrl"),
        *("dashboardUrl", "batchFunctionArn", "batchRoleArn", "distributionId", "quotaTable"),
        *("adoptedBuckets", "destinationPolicy"),
        *("viewFunctionName", "uploadPrefixes", "formatFunctionName", "formatQueueUrl"),
    ]


def test_an_event_is_written_as_s3_writes_it():
    event = contract.s3_event(
        "source", "uploads/a b+é.jpg", length=3, etag="e1", sequencer="01", version_id="v1"
    )
    assert event == json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": "source"},
                        "object": {
                            "key": "uploads/a+b%2B%C3%A9.jpg",
                            "size": 3,
                            "eTag": "e1",
                            "sequencer": "01",
                            "versionId": "v1",
                        },
                    },
                }
            ]
        }
    )


@pytest.mark.parametrize("reprocess", [True, False])
def test_the_function_reads_the_event(reprocess):
    body = contract.s3_event(
        "source",
        "uploads/a b+é.jpg",
        length=3,
        etag="e1",
        sequencer="01",
        version_id="v1",
        request_id="r1",
        reprocess=reprocess,
    )
    (event,) = parse_message(body, "m1")
    assert event.version == ObjectVersion(
        key="uploads/a b+é.jpg", version_id="v1", etag="e1", sequencer="01", bytes=3
    )
    assert contract.upload_name(event.version.key) == "a b+é.jpg"
    assert (event.bucket, event.correlation_id) == ("source", "r1")
    assert event.kind == (EventKind.BACKFILL if reprocess else EventKind.CREATED)


def test_an_event_leaves_out_what_is_not_known():
    body = contract.s3_event("source", "uploads/a.jpg", length=0, etag="", sequencer="00")
    (record,) = json.loads(body)["Records"]
    assert set(record) == {"eventSource", "eventName", "s3"}
    assert "versionId" not in record["s3"]["object"]


def test_the_signer_which_ships_alone_signs_keys_under_the_same_prefix(monkeypatch):
    signed = []
    monkeypatch.setattr(signer, "sign", lambda key, _type: signed.append(key) or {"key": key})
    signer.handle(
        {
            "requestContext": {"http": {"method": "POST"}},
            "body": json.dumps({"name": "beach.jpg", "type": "image/jpeg"}),
        },
        None,
    )
    assert signed[0].startswith(contract.UPLOADS)
    assert signed[0].endswith("/beach.jpg")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("web/manifest.js", f'PREFIX = "{contract.UPLOADS}"'),
        ("web/manifest.js", f"/{contract.MANIFEST}`"),
        ("edge/route.js", f"last === '{contract.MANIFEST}'"),
        ("edge/route.js", f"parts[0] === '{contract.INDEX.rstrip('/')}'"),
    ],
)
def test_javascript_has_the_same_names(file, code):
    assert code in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize("module", PLAIN)
def test_what_the_program_imports_needs_the_standard_library_alone(module):
    """Import it in a process without site-packages, where nothing else is importable."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules)\n"
        f"import {module}\n"
        "print(*(set(sys.modules) - before))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = set(done.stdout.split())
    ours = {name for name in found if name.split(".")[0] == "function"}
    assert module in ours
    assert {name.split(".")[0] for name in found - ours} <= sys.stdlib_module_names
    if module == "function.contract":
        assert ours == {"function", module}


FONTS = {"fontpkg_arimo", "fontpkg_crimson_pro", "fontpkg_source_code_pro"}
LIBRARIES = {"PIL", "pillow_heif", "resvg_py", *FONTS}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("function.contract", set()), ("function.engine", LIBRARIES)],
)
def test_it_imports_these_libraries_alone_inside_functions_too(package, allowed):
    graph = grimp.build_graph("function", include_external_packages=True, cache_dir=None)
    ours = {module for module in graph.modules if f"{module}.".startswith(f"{package}.")}
    found = set().union(*(graph.find_modules_directly_imported_by(module) for module in ours))
    libraries = {name.split(".")[0] for name in found - ours} - sys.stdlib_module_names
    assert libraries <= allowed


def test_no_modules_of_the_function_import_one_another_in_a_cycle():
    graph = grimp.build_graph("function", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 30
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the cycle
