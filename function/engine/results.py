"""The engine's tasks and results, as plain data. No Pillow here."""

from typing import Any, Final, Self

from function.engine.losses import Loss
from function.engine.record import Record
from function.engine.renditions import Encoders, Hdr, OutputFormat, Quality, Rendition

BACKGROUND: Final = "#ffffff"
"""Colour behind transparent pixels and padding where the output format keeps no alpha."""

HASH_BITS: Final = 64  # bits of a perceptual hash

MOST_FAILURE: Final = 10_000
"""Characters of an exception and its traceback that go into our log; a worker that an upload has
broken into could send a megabyte for every message that SQS delivers."""


class Task(Record):
    """The renditions that are made of every upload of a stack, and the limits."""

    renditions: tuple[Rendition, ...]
    max_pixels: int  # images above this (width x height) are rejected from their header
    memory_mb: int | None = None  # the function's memory, which limits the pixels further
    background: str = BACKGROUND
    quality: Quality = Quality.FAST
    native_decoder: bool = (
        True  # our own decoders may be used (docs/decoder.md), not Pillow's alone
    )

    hdr: Hdr = Hdr.KEEP
    encoders: Encoders = Encoders.CURRENT
    # Renditions that are made later, if ever: parts of an upload that one of them keeps are not
    # lost.
    later: tuple[Rendition, ...] = ()
    has_fingerprint: bool = True
    patience: float = 0.0  # CPU seconds that an encoder may take for fewer bytes: nobody waits

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Read what ``to_dict`` returned."""
        fields: dict[str, Any] = {"quality": Quality(raw["quality"])}
        for name in ("renditions", "later"):
            fields[name] = tuple(map(Rendition.parse, raw[name]))
        fields["hdr"] = Hdr(raw["hdr"])
        fields["encoders"] = Encoders(raw["encoders"])
        return cls(**raw | fields)

    def only(
        self,
        name: str,
        format_name: OutputFormat,
        has_fingerprint: bool = False,  # noqa: FBT001, FBT002 - as in ``isolate.Only``
    ) -> Self:
        """Return the task of making one rendition in one of its formats.

        Raises:
            KeyError: the task has no such rendition, or not in this format.
        """
        for made in self.renditions:
            if made.name == name and format_name in made.formats:
                moves = made.animated and format_name is OutputFormat.WEBP
                one = made.replace(formats=(format_name,), animated=moves)
                return self.replace(renditions=(one,), later=(), has_fingerprint=has_fingerprint)
        raise KeyError(f"{name} in {format_name}")


class Measured(Record):
    """The upload as a viewer sees it: width and height in pixels, and the format found in it."""

    width: int
    height: int
    format: str
    losses: tuple[Loss, ...] = ()  # what no rendition keeps, in the order of ``Loss``


class Rendered(Record):
    """One encoded rendition: its name in the settings, width and height in pixels, and the file."""

    name: str
    format: OutputFormat
    width: int
    height: int
    body: bytes
    hdr: bool = False  # it has a gain map


class Fingerprint(Record):
    """A picture's fingerprint, as manifests have it except for ``margins``."""

    placeholder: str  # ThumbHash, base64: 15 to 25 bytes that a page shows until the image is there
    dominant_color: str  # the commonest colour, ``#rrggbb``
    perceptual_hash: str  # 64 bits, 16 hex digits; copies of a picture differ in few of them
    # Distance of each bit's DCT term from the median, the highest bit first; copies differ in bits
    # of a small margin.
    margins: tuple[float, ...]


Result = Measured | Rendered | Fingerprint
