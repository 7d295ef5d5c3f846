"""What is needed to put a resource, and what that gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

ACCOUNT_ID = "000000000000"
PARTITION = "aws"


@dataclass(frozen=True, kw_only=True)
class Context:
    """The embedded AWS as resources see it.

    Attributes:
        client: boto3 client of a service, by name.
        endpoint: URL of every service.
        region: AWS region's name.
        function_code: the Lambda bundle for this machine's Python and architecture, as bytes:
            the program's own is for Lambda's.
    """

    client: Callable[[str], Any]
    endpoint: str
    region: str
    function_code: Callable[[], bytes]


class Created(NamedTuple):
    """A resource's physical id and outputs (camelCase)."""

    id: str
    outputs: dict[str, Any]
