"""Lambda's memory sizes, as options take them."""

from typing import Annotated, Final

from cyclopts import Parameter, validators

SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
"""Memory sizes in MB that a command looks at unless told otherwise; our choice, from Lambda's
least to more than one vCPU."""

_RANGE: Final = Parameter(validator=validators.Number(gte=128, lte=10240))
"""Lambda's range in MB (AWS Lambda Developer Guide, "Configure Lambda function memory", read
2026-11-27)."""

MemorySize = Annotated[int, _RANGE]
MemorySizes = Annotated[tuple[int, ...], _RANGE]
