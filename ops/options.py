"""The options of ``python -m ops``, as its commands take them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter
from cyclopts.validators import LimitedChoice, Number, mutually_exclusive

from function.contract import UPLOADS

_STACK: Final = Group("Stack", validator=LimitedChoice(min=1, max=1))
_SOURCE: Final = Group("Source", validator=mutually_exclusive)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Target:
    """The stack that a command works on, and how the command prints."""

    stack: Annotated[str | None, Parameter(group=_STACK)] = None
    """Stack to operate, e.g. dev, prod or local."""

    outputs: Annotated[Path | None, Parameter(group=_STACK)] = None
    """Its outputs, where there is no Pulumi: a file that `pulumi stack output --json` wrote."""

    as_json: Annotated[bool, Parameter(name="--json")] = False
    """Print JSON, one object a line."""


NO_TARGET: Final = Target()
"""Default of each command, which the validator of its group refuses: a stack must be named."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Backfill:
    """Which uploads are sent through the queue again, and how."""

    prefix: str = UPLOADS
    """Only keys that start so."""

    gone: Annotated[bool, Parameter(group=_SOURCE)] = False
    """Send uploads whose deletion was missed: what was made of them is removed."""

    inventory: Annotated[str | None, Parameter(group=_SOURCE)] = None
    """Take them from an S3 Inventory report in CSV: path or s3:// address of its manifest.json."""

    rate: Annotated[float, Parameter(validator=Number(gt=0, lt=float("inf")))] = 50.0
    """Uploads a second."""

    state: Path | None = None
    """File that remembers how far it got; the same command again goes on from there."""

    dry_run: bool = False
    """Count them and send none."""


ALL_UPLOADS: Final = Backfill()
"""What a backfill does unless told otherwise."""
