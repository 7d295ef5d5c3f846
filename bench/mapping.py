"""How an event source mapping of SQS scales without provisioned pollers.

AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings", read
2026-11-27; newer versions of the page say 1,250 at most, and the smaller is taken.
"""

from typing import Final

START: Final = 5
"""Batches at once to begin with."""

GROWTH_A_MINUTE: Final = 300
"""More of them a minute, while messages are left."""

MAPPING_LIMIT: Final = 1000
"""Most batches at once."""

LEAST_CEILING: Final = 2
"""Lowest maximum concurrency of a mapping (the same page)."""
