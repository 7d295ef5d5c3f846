"""The file that remembers how far a backfill got, so that the same command goes on from there."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from terminal import Failure


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far a backfill got."""

    of: str  # what is backfilled; a file belongs to one backfill
    sent: int = 0  # number of uploads that SQS has
    key: str = ""  # the last of them


def read(path: Path, of: str) -> Checkpoint:
    """Return how far the backfill of ``of`` got; its beginning if there is no such file.

    Raises:
        Failure: the file cannot be read, or belongs to another backfill, so going on from it would
            skip uploads.
    """
    try:
        found = Checkpoint(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return Checkpoint(of=of)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise Failure(f"{path} is not a backfill's state; delete it or name another.") from error
    if found.of != of:
        raise Failure(f"{path} is the state of another backfill ({found.of}); name another file.")
    return found


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write the file, whole or not at all: a run may be killed at any time.

    Raises:
        Failure: the file cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(asdict(checkpoint)), "utf-8")
        os.replace(new, path)  # noqa: PTH105 (the name of the system call says that it is atomic)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error
