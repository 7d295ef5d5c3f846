"""The names that parts share: their values, which others rely on, and who may import what."""

import graphlib
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from function import contract
from function.contract import Metric, StackOutput

ROOT = Path(__file__).parents[3]
PLAIN = (
    "function.contract",
    "function.contract.keys",
    "function.contract.messages",
    "function.engine.limits",
    "function.engine.record",
    "function.engine.renditions",
)


def test_metrics_are_those_that_dashboards_and_alarms_of_others_may_name():
    assert (contract.METRIC_NAMESPACE, contract.SCHEMA) == ("ImagePipeline", 1)
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
    if module.startswith("function.contract"):
        assert ours <= {"function", "function.contract", module}


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
