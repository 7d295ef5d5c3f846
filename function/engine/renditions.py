"""Renditions as plain data: the one vocabulary that the program and the function share.

Imports nothing but the standard library, so that the Pulumi program can validate a stack's
renditions without Pillow.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple, cast

MAX_QUALITY: Final = 100

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
        for complaint in (*self._complain_of_shape(), *self._complain_of_output()):
            raise ValueError(complaint)

    def _complain_of_shape(self) -> Iterator[str]:
        if not _NAME.fullmatch(self.name) or self.name == "manifest":
            yield f"name must be 1-32 of a-z, 0-9, - and _, and not 'manifest'; got {self.name!r}"
        for field in ("width", "height"):
            value = getattr(self, field)
            if not _is_int(value) or not 1 <= value < MAX_SIDE:
                yield f"{field} must be 1 to {MAX_SIDE - 1} pixels; got {value!r}"
        if self.fit not in FITS:
            yield f"fit must be one of {', '.join(FITS)}; got {self.fit!r}"
        if self.position not in POSITIONS:
            yield f"position must be one of {', '.join(POSITIONS)}; got {self.position!r}"
        if self.enlarge not in (True, False):
            yield f"enlarge must be true or false; got {self.enlarge!r}"

    def _complain_of_output(self) -> Iterator[str]:
        if not self.formats or len(set(self.formats)) != len(self.formats):
            yield f"formats must name at least one format, each once; got {self.formats!r}"
        for name in self.formats:
            if name not in FORMATS:
                yield f"formats must be of {', '.join(FORMATS)}; got {name!r}"
        if not _is_int(self.quality) or not 1 <= self.quality <= MAX_QUALITY:
            yield f"quality must be 1 to {MAX_QUALITY}; got {self.quality!r}"
        if self.animated not in (True, False):
            yield f"animated must be true or false; got {self.animated!r}"
        if self.animated and "webp" not in self.formats:
            yield "animated needs 'webp' among the formats"

    @classmethod
    def parse(cls, raw: object) -> "Rendition":
        """Read one rendition from JSON or YAML data.

        Raises:
            ValueError: not a mapping, a field is missing or unknown, or a value is out of range.
        """
        if not isinstance(raw, Mapping):
            message = f"must be a mapping with name, width and height; got {raw!r}"
            raise ValueError(message)  # noqa: TRY004 - one kind of error for all that is written
        fields = {str(key): value for key, value in cast("Mapping[Any, Any]", raw).items()}
        for unknown in sorted(fields.keys() - cls.__dataclass_fields__.keys()):
            known = ", ".join(cls.__dataclass_fields__)
            raise ValueError(f"has no field {unknown!r}; it knows {known}")
        for missing in sorted({"name", "width", "height"} - fields.keys()):
            raise ValueError(f"needs {missing!r}")
        formats = fields.get("formats", cls.formats)
        if not isinstance(formats, list | tuple):
            raise ValueError(f"formats must be a list; got {formats!r}")  # noqa: TRY004 - as above
        fields["formats"] = tuple(str(name) for name in cast("list[Any]", formats))
        fields["name"] = str(fields["name"])
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that ``parse`` reads back, with every field.

        The index of duplicates keeps a digest of it: another shape would make every entry stale.
        """
        return asdict(self)

    def without_defaults(self) -> dict[str, Any]:
        """Return plain data that ``parse`` reads back, with only what differs from the defaults."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }


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
