"""Renditions as plain data: the one vocabulary that the program and the function share.

Imports nothing but the standard library, so that the Pulumi program can validate a stack's
renditions without Pillow.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

MAX_SIDE: Final = 16384
"""Largest width or height of a rendition, in pixels: WebP's limit is 16383, JPEG's is 65535."""


class Format(NamedTuple):
    """How an output format is named in keys and in HTTP."""

    extension: str
    content_type: str


FORMATS: Final[Mapping[str, Format]] = {
    "jpeg": Format("jpg", "image/jpeg"),
    "webp": Format("webp", "image/webp"),
    "avif": Format("avif", "image/avif"),
    "png": Format("png", "image/png"),
}
"""Output formats by the name that a rendition's ``formats`` uses."""

FITS: Final = ("inside", "cover", "contain")

POSITIONS: Final = ("centre", "attention")
"""Which region ``cover`` keeps: the middle, or the most detailed."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One standard size that every upload is resized to.

    Attributes:
        name: part of the destination key: lower-case letters, digits, ``-`` and ``_``.
        width: width of the box, in pixels.
        height: height of the box, in pixels.
        fit: ``inside`` keeps the aspect ratio within the box, ``cover`` fills the box and crops,
            ``contain`` keeps all of the image and pads to the box.
        formats: output formats, one object each.
        quality: encoder quality, 1 to 100; PNG is lossless and ignores it.
        position: which region ``cover`` keeps: ``centre``, or ``attention``, the most detailed.
        enlarge: fill the box even when the upload is smaller; else no pixel is invented.
        animated: keep the motion of a GIF, WebP or APNG in the ``webp`` output; else, and in all
            other formats, its first frame stands for it.
    """

    name: str
    width: int
    height: int
    fit: str = "inside"
    formats: tuple[str, ...] = ("jpeg", "webp")
    quality: int = 80
    position: str = "centre"
    enlarge: bool = False
    animated: bool = False

    def __post_init__(self) -> None:
        """Validate.

        Raises:
            ValueError: a field is out of range; the sentence starts with the field's name.
        """
        if not _NAME.fullmatch(self.name) or self.name == "manifest":
            raise ValueError(
                f"name must be 1-32 of a-z, 0-9, - and _, and not 'manifest'; got {self.name!r}"
            )
        for field in ("width", "height"):
            value = getattr(self, field)
            if not _is_int(value) or not 1 <= value < MAX_SIDE:
                raise ValueError(f"{field} must be 1 to {MAX_SIDE - 1} pixels; got {value!r}")
        if self.fit not in FITS:
            raise ValueError(f"fit must be one of {', '.join(FITS)}; got {self.fit!r}")
        if not self.formats or len(set(self.formats)) != len(self.formats):
            raise ValueError(f"formats must name at least one format, each once; got {self.formats!r}")
        for name in self.formats:
            if name not in FORMATS:
                raise ValueError(f"formats must be of {', '.join(FORMATS)}; got {name!r}")
        if not _is_int(self.quality) or not 1 <= self.quality <= 100:
            raise ValueError(f"quality must be 1 to 100; got {self.quality!r}")
        if self.position not in POSITIONS:
            raise ValueError(
                f"position must be one of {', '.join(POSITIONS)}; got {self.position!r}"
            )
        for field in ("enlarge", "animated"):
            if not isinstance(getattr(self, field), bool):
                raise ValueError(f"{field} must be true or false; got {getattr(self, field)!r}")
        if self.animated and "webp" not in self.formats:
            raise ValueError("animated needs 'webp' among the formats")

    @classmethod
    def parse(cls, raw: object) -> "Rendition":
        """Read one rendition from JSON or YAML data.

        Raises:
            ValueError: not a mapping, a field is missing or unknown, or a value is out of range.
        """
        if not isinstance(raw, Mapping):
            raise ValueError(f"must be a mapping with name, width and height; got {raw!r}")
        fields: dict[str, Any] = {str(key): value for key, value in raw.items()}
        unknown = fields.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(
                f"has no field {sorted(unknown)[0]!r}; it knows "
                f"{', '.join(cls.__dataclass_fields__)}"
            )
        missing = {"name", "width", "height"} - fields.keys()
        if missing:
            raise ValueError(f"needs {sorted(missing)[0]!r}")
        if "formats" in fields:
            formats = fields["formats"]
            if not isinstance(formats, list | tuple):
                raise ValueError(f"formats must be a list; got {formats!r}")
            fields["formats"] = tuple(str(name) for name in formats)
        fields["name"] = str(fields["name"])
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that ``parse`` reads back."""
        return asdict(self)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


DEFAULT_RENDITIONS: Final = (
    Rendition(name="large", width=1080, height=1080),
    Rendition(name="medium", width=640, height=640),
    Rendition(name="small", width=320, height=320),
    Rendition(name="thumb", width=150, height=150, fit="cover"),
)
"""Four sizes of a social app: full view, feed, grid, avatar."""


def file_name(rendition: str, format_name: str) -> str:
    """Last part of a rendition's destination key, e.g. ``thumb.jpg``."""
    return f"{rendition}.{FORMATS[format_name].extension}"
