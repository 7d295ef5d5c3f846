"""A resource type: how one is put, read and deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.inputs import Inputs
from local.resources.calls import State
from local.resources.context import Context, Created


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the embedded AWS is asked for a resource of one type.

    Attributes:
        put: creates the resource of a physical name, or makes the one that exists equal to one
            that is created anew from these inputs.
        read: what describes it, each by a name; the first tells whether it exists.
        delete: deletes it as the provider for AWS does (terraform-provider-aws, the
            ``Delete`` function of the same resource).
    """

    put: Callable[[Context, str, Inputs], Created]
    read: Mapping[str, Callable[[Context, State], Any]]
    delete: Callable[[Context, State], object]
