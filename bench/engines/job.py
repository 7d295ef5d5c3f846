"""One engine's job and its answer: one upload in, a list of sizes out."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from function.engine.renditions import Fit, OutputFormat


@dataclass(frozen=True, kw_only=True)
class Output:
    """One encoded size: box in pixels, how it is filled, format, encoder quality and effort."""

    width: int
    height: int
    fit: Fit = Fit.INSIDE
    format: OutputFormat = OutputFormat.JPEG
    quality: int = 80
    effort: int | None = None  # of the encoder, in its own scale; None is its default


@dataclass(frozen=True, kw_only=True)
class Job:
    """The upload's path, its outputs from large to small, and where to leave their bodies."""

    source: str
    outputs: tuple[Output, ...]
    folder: str | None = None

    @classmethod
    def parse(cls, line: str) -> "Job":
        """Read a job from a line of JSON."""
        raw = json.loads(line)
        return cls(**raw | {"outputs": tuple(map(_parse_output, raw["outputs"]))})

    def to_line(self) -> str:
        """Return the line that ``parse`` reads back."""
        return json.dumps(asdict(self)) + "\n"


def _parse_output(raw: Mapping[str, Any]) -> Output:
    """Read an output; its names become members again, which code compares by identity."""
    members: dict[str, Any] = {"fit": Fit(raw["fit"]), "format": OutputFormat(raw["format"])}
    return Output(**{**raw, **members})


@dataclass(frozen=True, kw_only=True)
class JobOutcome:
    """The cost of a job, or the reason why it failed."""

    cpu_ms: float = 0.0  # of all threads and of child processes
    peak_rss_mb: float = 0.0  # what the process grew by since it could have begun
    bytes: int = 0  # size of all outputs together
    error: str = ""  # empty if it worked
