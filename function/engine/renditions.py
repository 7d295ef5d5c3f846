"""Renditions as plain data, for the Pulumi program and the function.

It imports only the standard library, so that the program can validate a stack's renditions without
Pillow.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final, NamedTuple, cast

MAX_QUALITY: Final = 100

MAX_SIDE: Final = 16384
"""Largest width or height of a rendition, in pixels: WebP's limit is 16383, JPEG's is 65535."""


class _Name(StrEnum):
    """A name in the settings; error messages that show one by ``!r`` show the plain string."""

    def __repr__(self) -> str:
        return repr(self.value)


class Fit(_Name):
    """How an image fills the box of a rendition."""

    INSIDE = "inside"  # keeps the aspect ratio within the box
    COVER = "cover"  # fills the box and crops
    CONTAIN = "contain"  # keeps all of the image and pads to the box


class Position(_Name):
    """The region that ``cover`` keeps."""

    CENTRE = "centre"
    ATTENTION = "attention"  # the most detailed


class Quality(_Name):
    """How images are resized."""

    FAST = "fast"
    BEST = "best"  # more pixels are decoded, LANCZOS throughout, chroma at full size


class OutputFormat(_Name):
    """A file format in which renditions are encoded."""

    JPEG = "jpeg"
    WEBP = "webp"
    AVIF = "avif"
    PNG = "png"


class FileType(NamedTuple):
    """How an output format is named in keys and in HTTP."""

    extension: str
    content_type: str


FORMATS: Final[Mapping[OutputFormat, FileType]] = {
    OutputFormat.JPEG: FileType("jpg", "image/jpeg"),
    OutputFormat.WEBP: FileType("webp", "image/webp"),
    OutputFormat.AVIF: FileType("avif", "image/avif"),
    OutputFormat.PNG: FileType("png", "image/png"),
}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One standard size that every upload is resized to.

    Attributes:
        name: part of the destination key: lower-case letters, digits, ``-`` and ``_``.
        width: width of the box, in pixels.
        height: height of the box, in pixels.
        fit: how the image fills the box.
        formats: output formats, one object each.
        quality: encoder quality, 1 to 100; PNG is lossless and ignores it.
        position: the region that ``cover`` keeps.
        enlarge: fill the box even when the upload is smaller; else no pixel is invented.
        animated: keep the motion of a GIF, WebP or APNG in the ``webp`` output; all other outputs
            show its first frame.
    """

    name: str
    width: int
    height: int
    fit: Fit = Fit.INSIDE
    formats: tuple[OutputFormat, ...] = (OutputFormat.JPEG, OutputFormat.WEBP)
    quality: int = 80
    position: Position = Position.CENTRE
    enlarge: bool = False
    animated: bool = False

    def __post_init__(self) -> None:
        """Validate, and make members of the names that JSON, YAML and tests give as strings.

        Raises:
            ValueError: a field is out of range; the sentence starts with the field's name.
        """
        for complaint in (*self._complain_of_shape(), *self._complain_of_output()):
            raise ValueError(complaint)
        object.__setattr__(self, "fit", Fit(self.fit))
        object.__setattr__(self, "position", Position(self.position))
        object.__setattr__(self, "formats", tuple(map(OutputFormat, self.formats)))

    def _complain_of_shape(self) -> Iterator[str]:
        if not _NAME.fullmatch(self.name) or self.name == "manifest":
            yield f"name must be 1-32 of a-z, 0-9, - and _, and not 'manifest'; got {self.name!r}"
        for field in ("width", "height"):
            value = getattr(self, field)
            if not _is_int(value) or not 1 <= value < MAX_SIDE:
                yield f"{field} must be 1 to {MAX_SIDE - 1} pixels; got {value!r}"
        for field, names in (("fit", Fit), ("position", Position)):
            value = getattr(self, field)
            if value not in tuple(names):
                yield f"{field} must be one of {', '.join(names)}; got {value!r}"
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
        if self.animated and OutputFormat.WEBP not in self.formats:
            yield "animated needs 'webp' among the formats"

    @classmethod
    def parse(cls, raw: object) -> "Rendition":
        """Read one rendition from JSON or YAML data.

        Raises:
            ValueError: not a mapping, a field is missing or unknown, or a value is out of range.
        """
        if not isinstance(raw, Mapping):
            message = f"must be a mapping with name, width and height; got {raw!r}"
            raise ValueError(message)  # noqa: TRY004 - one kind of error for every bad setting
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
        """Return plain data that ``parse`` reads back, with every field.

        The index of duplicates keeps a digest of its JSON: any change makes every entry stale.
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
    Rendition(name="thumb", width=150, height=150, fit=Fit.COVER),
)
"""Four sizes of a social app: full view, feed, grid, avatar."""


def file_name(rendition: str, format_name: OutputFormat) -> str:
    """Return the last part of a rendition's destination key, e.g. ``thumb.jpg``."""
    return f"{rendition}.{FORMATS[format_name].extension}"
