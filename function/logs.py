"""One JSON object a line on standard output, which Lambda passes to CloudWatch Logs unchanged.

Twenty lines instead of Powertools, which is part of what makes the usual stack four times as slow
to import as this handler (`python -m bench maintain imports`, docs/engine.md).
"""

import json
import logging
import sys
import time
from typing import Any, Final

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record and its ``extra`` fields; the keys that Lambda filters by come first."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON; values that JSON cannot hold are written as ``str``."""
        entry: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure() -> None:
    """Send the package's own log to standard output as JSON, whatever the runtime set up."""
    logger = logging.getLogger(__package__)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
