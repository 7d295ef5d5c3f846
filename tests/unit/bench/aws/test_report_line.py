"""Lines as AWS documents them; the values are the documents' own."""

import base64
import json

import pytest

from bench.aws import report_line
from bench.sandbox.function import was_rejected

COLD = (
    "START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: $LATEST\n"
    "END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\n"
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\t"
    "Billed Duration: 147 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB\t"
    "Init Duration: 130.49 ms\t\nXRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\t"
    "SegmentId: 07f5xmpl2d1f6f85\tSampled: true\n"
)
WARM = (
    "REPORT RequestId: b32af7a8-52fb-4145-9e85-5985a0f64fe4\tDuration: 0.52 ms\t"
    "Billed Duration: 1 ms \tMemory Size: 1024 MB\tMax Memory Used: 37 MB\t\n"
)
METRICS = {
    "billedDurationMs": 694,
    "durationMs": 693.92,
    "initDurationMs": 397.68,
    "maxMemoryUsedMB": 84,
    "memorySizeMB": 128,
}


def structured(**record):
    record = {"metrics": METRICS, "requestId": "6f7f0961f83442118a7af6fe80b88d56", **record}
    event = {"time": "2022-10-12T00:01:15.000Z", "type": "platform.report", "record": record}
    return json.dumps(event) + "\n"


def test_a_cold_start():
    report = report_line.parse(COLD)
    assert (report.duration_ms, report.init_ms, report.billed_ms) == (15.74, 130.49, 147)
    assert (report.max_memory_mb, report.outcome) == (56, "ok")


def test_a_warm_run():
    report = report_line.parse(WARM)
    assert (report.duration_ms, report.init_ms, report.max_memory_mb) == (0.52, None, 37)


def test_the_json_log_format():
    report = report_line.parse('{"message": "ready"}\n' + structured(status="success"))
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (693.92, 694, 397.68)
    assert (report.max_memory_mb, report.outcome) == (84, "ok")


def test_a_tail_that_begins_inside_a_line():
    tail = base64.b64encode((structured()[20:] + WARM).encode()).decode()
    assert report_line.parse(report_line.tail(tail)).duration_ms == 0.52


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (WARM.replace("\t\n", "\tStatus: timeout\n"), "timeout"),
        (WARM.replace("\t\n", "\tStatus: error\tError Type: Runtime.ExitError\n"), "failed"),
        (
            "RequestId: x Error: Runtime exited with error: signal: killed\n"
            + WARM.replace("\t\n", "\tStatus: error\tError Type: Runtime.OutOfMemory\n"),
            "oom",
        ),
        (structured(status="timeout"), "timeout"),
        (structured(status="error", errorType="Runtime.OutOfMemory"), "oom"),
    ],
)
def test_what_went_wrong(log, outcome):
    assert report_line.parse(log).outcome == outcome


def test_a_log_without_a_report():
    assert report_line.parse("START RequestId: x\nhello\n") is None
    assert report_line.parse(report_line.tail("")) is None


@pytest.mark.parametrize("line", ['["platform.report"]', '{"type": "platform.report"}'])
def test_a_line_of_the_functions_own_is_no_report(line):
    assert report_line.parse(f"{line}\n{WARM}").duration_ms == 0.52


def test_a_rejection_is_in_the_functions_own_log():
    entry = json.dumps({"message": "rejected", "Rejected": 1, "Code": "not_an_image"})
    assert was_rejected(COLD + entry + "\n")
    assert not was_rejected(COLD + json.dumps({"message": "ready", "Rejected": 0}))
    assert not was_rejected(entry[7:])  # a tail begins anywhere
    assert not was_rejected(json.dumps(["Rejected"]))
