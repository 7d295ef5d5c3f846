"""What one engine is asked to do, and its answer: one upload in, a list of sizes out."""

from dataclasses import asdict, dataclass
from typing import Any

from function.engine.renditions import Fit, OutputFormat


@dataclass(frozen=True, kw_only=True)
class Output:
    """One encoded size: box in pixels, how it is filled, format, encoder quality."""

    width: int
    height: int
    fit: Fit = Fit.INSIDE
    format: OutputFormat = OutputFormat.JPEG
    quality: int = 80
    effort: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """The upload's path, its outputs from large to small, and where to leave their bodies."""

    source: str
    outputs: tuple[Output, ...]
    folder: str | None = None

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> "Job":
        """Read a job from JSON data."""
        outputs = tuple(Output(**output) for output in raw["outputs"])
        return cls(source=raw["source"], outputs=outputs, folder=raw.get("folder"))

    def to_dict(self) -> dict[str, Any]:
        """Plain data that ``parse`` reads back; absent options are left out."""
        outputs = [
            {key: value for key, value in asdict(output).items() if value is not None}
            for output in self.outputs
        ]
        return {"source": self.source, "outputs": outputs, "folder": self.folder}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The cost of a job, or the reason why it failed.

    Attributes:
        cpu_ms: CPU time of all threads and of child processes.
        peak_rss_mb: what the process grew by since it could have begun.
        bytes: size of all outputs together.
        error: empty if it worked.
    """

    cpu_ms: float = 0.0
    peak_rss_mb: float = 0.0
    bytes: int = 0
    error: str = ""
