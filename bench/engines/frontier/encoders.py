"""The encoders that are compared, by format, and the qualities at which they are measured."""

from dataclasses import dataclass
from typing import Final

from function.engine.renditions import OutputFormat

OURS: Final = "ours"


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """One line of the frontier: an engine's encoder at one effort."""

    name: str
    engine: str  # of ``bench.engines``
    format: OutputFormat
    effort: int | None = None


QUALITIES: Final = {
    OutputFormat.JPEG: (55, 70, 82, 91, 97),
    OutputFormat.WEBP: (60, 76, 86, 94, 100),
    OutputFormat.AVIF: (46, 58, 70, 82, 94),
}
"""They bring nearly every picture below a score of 70, and as near to 90 as the format goes."""


def _encoders(format_name: OutputFormat, *sharps: Encoder) -> tuple[Encoder, ...]:
    return (
        Encoder(name=OURS, engine="encode-ours", format=format_name),
        Encoder(name="Pillow", engine="encode-pillow", format=format_name),
        Encoder(name="libvips", engine="encode-libvips", format=format_name),
        *sharps,
    )


def _sharp(format_name: OutputFormat, effort: int) -> Encoder:
    name = f"sharp effort {effort}"
    return Encoder(name=name, engine="encode-sharp", format=format_name, effort=effort)


ENCODERS: Final = (
    *_encoders(
        OutputFormat.JPEG,
        Encoder(name="sharp", engine="encode-sharp", format=OutputFormat.JPEG),
        Encoder(name="sharp mozjpeg", engine="encode-mozjpeg", format=OutputFormat.JPEG),
    ),
    *_encoders(OutputFormat.WEBP, _sharp(OutputFormat.WEBP, 2), _sharp(OutputFormat.WEBP, 4)),
    *_encoders(OutputFormat.AVIF, _sharp(OutputFormat.AVIF, 2), _sharp(OutputFormat.AVIF, 4)),
)
