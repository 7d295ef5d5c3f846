"""A resource type: how its resources are put, read and deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from local.inputs import Inputs

ACCOUNT_ID = "000000000000"
PARTITION = "aws"

State = Mapping[str, Any]
"""A resource's ``id`` and outputs and, where it is deleted, its inputs."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The embedded AWS as resources see it.

    Attributes:
        client: boto3 client of a service, by name.
        endpoint: URL of every service.
        region: AWS region's name.
        function_code: returns a package's bundle for this machine's Python and architecture, as
            bytes: the program's own is for Lambda's. It takes ``function`` or ``signer``.
    """

    client: Callable[[str], Any]
    endpoint: str
    region: str
    function_code: Callable[[str], bytes]


class Created(NamedTuple):
    """A resource's physical id and outputs (camelCase)."""

    id: str
    outputs: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The calls of the embedded AWS for a resource of one type.

    Attributes:
        put: creates the resource of a physical name, or makes the one that exists equal to one
            that is created anew from these inputs.
        read: calls that describe it, each by a name; the first tells whether it exists.
        delete: deletes it as the provider for AWS does (terraform-provider-aws, the
            ``Delete`` function of the same resource).
        tags: where ``tags`` are put and read: the service, and the output (or ``id``) by which
            it names the resource.
    """

    put: Callable[[Context, str, Inputs], Created]
    read: Mapping[str, Callable[[Context, State], Any]]
    delete: Callable[[Context, State], object]
    tags: tuple[str, str] | None = None
