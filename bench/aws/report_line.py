"""Lambda's own measurement of an invocation: the REPORT line of its log, as text or as JSON.

Text: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions". JSON, which a function
with the JSON log format writes, as this stack's does: the same guide, "Lambda Telemetry API Event
schema reference", ``platform.report``.
"""

import base64
import json
import re
from typing import Any, Final

from bench.sandbox import Report
from bench.sandbox.environment import Outcome

_TEXT: Final = re.compile(r"^REPORT RequestId: \S+\s+(.*)$", re.MULTILINE)
_FIELD: Final = re.compile(r"([A-Z][A-Za-z ]+): ([0-9.]+) (?:ms|MB)")
_STATUS: Final = re.compile(r"\bStatus: (\w+)")
_KILLED: Final = re.compile(r"Runtime\.OutOfMemory|signal: killed")
_NAMES: Final = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Max Memory Used": "maxMemoryUsedMB",
    "Init Duration": "initDurationMs",
}
"""Name of a figure in the text -> its name in the JSON."""

_OUTCOMES: Final[dict[str, Outcome]] = {"success": "ok", "timeout": "timeout"}


def tail(log_result: str) -> str:
    """Return the text of an answer's ``LogResult``: the log's last 4 KB, in base64."""
    return base64.b64decode(log_result).decode(errors="replace")


def parse(log: str) -> Report | None:
    """Return the last report of a log, None if it has none; Lambda reports no CPU time."""
    records = [record for line in log.splitlines() if (record := _record(line))]
    lines = _TEXT.findall(log)
    if records:
        metrics, status = records[-1]["metrics"], records[-1].get("status", "success")
    elif lines:
        figures = ((name.strip(), value) for name, value in _FIELD.findall(lines[-1]))
        metrics = {_NAMES[name]: float(value) for name, value in figures if name in _NAMES}
        found = _STATUS.search(lines[-1])
        status = found[1] if found else "success"
    else:
        return None
    return Report(
        outcome="oom" if _KILLED.search(log) else _OUTCOMES.get(status, "failed"),
        duration_ms=metrics["durationMs"],
        init_ms=metrics.get("initDurationMs"),
        billed_ms=round(metrics["billedDurationMs"]),
        max_memory_mb=metrics["maxMemoryUsedMB"],
        cpu_ms=0.0,
    )


def _record(line: str) -> Any:
    """Return the record of a ``platform.report`` line; None for any other line."""
    if '"platform.report"' not in line:
        return None
    try:
        return json.loads(line)["record"]
    except (ValueError, TypeError, KeyError):  # the tail begins in the middle of a line
        return None
