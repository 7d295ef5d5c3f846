"""Lambda's own measurement of an invocation: the REPORT line of its log, as text or as JSON.

Text: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions". JSON, which a function
with the JSON log format writes, as this stack's does: the same guide, "Lambda Telemetry API Event
schema reference", ``platform.report``.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from bench.sandbox import Report
from bench.sandbox.environment import Outcome

_TEXT: Final = re.compile(r"^REPORT RequestId: (?P<id>\S+)\s+(?P<fields>.*)$", re.MULTILINE)
_FIELD: Final = re.compile(r"(?P<name>[A-Z][A-Za-z ]+): (?P<value>[0-9.]+) (?:ms|MB)")
_STATUS: Final = re.compile(r"\bStatus: (\w+)")
_KILLED: Final = re.compile(r"Runtime\.OutOfMemory|signal: killed")


def from_tail(log_result: str) -> Report | None:
    """Return the report in an answer's ``LogResult``, the log's last 4 KB in base64, if any."""
    return parse(tail(log_result))


def tail(log_result: str) -> str:
    """Return the text of an answer's ``LogResult``."""
    return base64.b64decode(log_result).decode(errors="replace")


def parse(log: str) -> Report | None:
    """Return the last report of a log; None if there is none."""
    killed = _KILLED.search(log) is not None
    structured = [record for line in log.splitlines() if (record := _record(line))]
    if structured:
        metrics = {str(k): float(v) for k, v in structured[-1]["metrics"].items()}
        status = str(structured[-1].get("status", "success"))
        return _report(
            duration_ms=metrics["durationMs"],
            billed_ms=metrics["billedDurationMs"],
            memory_mb=metrics["maxMemoryUsedMB"],
            init_ms=metrics.get("initDurationMs"),
            outcome="oom" if killed else _outcome(status),
        )
    lines = list(_TEXT.finditer(log))
    if not lines:
        return None
    text = lines[-1]["fields"]
    fields = {found["name"].strip(): float(found["value"]) for found in _FIELD.finditer(text)}
    status = _STATUS.search(text)
    return _report(
        duration_ms=fields["Duration"],
        billed_ms=fields["Billed Duration"],
        memory_mb=fields["Max Memory Used"],
        init_ms=fields.get("Init Duration"),
        outcome="oom" if killed else _outcome(status[1] if status else "success"),
    )


def _record(line: str) -> Mapping[str, Any] | None:
    """Return the record of a ``platform.report`` line; None for any other line."""
    if '"platform.report"' not in line:
        return None
    try:
        event: object = json.loads(line)
    except ValueError:  # the tail begins in the middle of a line
        return None
    return cast("dict[str, Any]", event)["record"] if isinstance(event, dict) else None


def _outcome(status: str) -> Outcome:
    known: dict[str, Outcome] = {"success": "ok", "timeout": "timeout"}
    return known.get(status, "failed")


def _report(
    *,
    duration_ms: float,
    billed_ms: float,
    memory_mb: float,
    init_ms: float | None,
    outcome: Outcome,
) -> Report:
    """Return a report; its CPU time is 0, because Lambda reports none."""
    return Report(
        outcome=outcome,
        duration_ms=duration_ms,
        init_ms=init_ms,
        billed_ms=round(billed_ms),
        max_memory_mb=memory_mb,
        cpu_ms=0.0,
    )
