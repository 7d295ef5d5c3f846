"""What the function's own log says of an upload."""

import json
from typing import cast

from function.contract import Metric


def was_rejected(log: str) -> bool:
    """Whether an upload was rejected, which Lambda counts as success and a measurement must not."""
    return any(
        _counts_rejection(line) for line in log.splitlines() if f'"{Metric.REJECTED}"' in line
    )


def _counts_rejection(line: str) -> bool:
    try:
        entry: object = json.loads(line)
    except ValueError:  # the tail of a log begins in the middle of a line
        return False
    return (
        bool(cast("dict[str, object]", entry).get(Metric.REJECTED))
        if isinstance(entry, dict)
        else False
    )
