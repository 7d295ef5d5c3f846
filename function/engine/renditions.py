"""Renditions as plain data, for the function, and for the Pulumi program, which has no Pillow."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, cast

from function.engine.record import Record

_MAX_QUALITY, _MAX_SIDE = 100, 16383
"""The longest side is WebP's, in pixels; JPEG's is 65535."""


class _Name(StrEnum):
    """A name in the settings; error messages that show one by ``!r`` show the plain string."""

    def __repr__(self) -> str:
        return repr(self.value)


class Fit(_Name):
    """How an image fills the box of a rendition."""

    INSIDE = "inside"
    """Keeps the aspect ratio within the box."""
    COVER = "cover"
    """Fills the box and crops."""
    CONTAIN = "contain"
    """Keeps all of the image and pads to the box."""


class Position(_Name):
    """The region that ``cover`` keeps."""

    CENTRE = "centre"
    """The middle."""
    ATTENTION = "attention"
    """The most detailed region."""


class Quality(_Name):
    """How images are resized."""

    FAST = "fast"
    """Takes the least CPU time."""
    BEST = "best"
    """More pixels are decoded, LANCZOS throughout, chroma at full size."""


class Hdr(_Name):
    """Treatment of a gain map, which makes an HDR picture of an ordinary one."""

    KEEP = "keep"
    """JPEG renditions of an Ultra HDR JPEG have its gain map."""
    DROP = "drop"
    """They are ordinary pictures."""


class Encoders(_Name):
    """Sets of encoder options, which decide the bytes of a rendition at a quality."""

    CURRENT = "current"
    """Those of this release."""
    SMALLER = "smaller"
    """The same, except that AVIF takes 3.5 times the CPU time for 8 % fewer bytes."""
    V0_1 = "v0.1"
    """Those of release 0.1.0."""


class OutputFormat(_Name):
    """A file format in which renditions are encoded."""

    JPEG = "jpeg"
    """Read everywhere."""
    WEBP = "webp"
    """Smaller than JPEG, and the one that can be animated."""
    AVIF = "avif"
    """The smallest, and the slowest to make."""
    PNG = "png"
    """Lossless."""


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

STAND_INS: Final = (OutputFormat.JPEG, OutputFormat.PNG)
"""Formats that every reader can show, best first."""

MADE_LATER: Final = (OutputFormat.AVIF, OutputFormat.WEBP)
"""Formats that readers ask for by Accept, and that can be made once one does."""

LAZY_FORMATS: Final = "lazyFormats"

_SPELLED: Final = {"lazy_formats": LAZY_FORMATS}
"""Fields with another name in settings and JSON."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

TARGETS: Final = range(65, 91)
"""Targets that were tested (docs/engine.md, "A target instead of a number")."""

_QUALITY: Final = f"be a whole number of 1 to {_MAX_QUALITY}, or a target such as {{target: 75}}"


class Target(Record):
    """A quality that means the same in each format: SSIMULACRA2 of what the encoder is given."""

    target: int

    def __post_init__(self) -> None:
        """Validate; raise ``ValueError`` for a target that was not tested."""
        if type(self.target) is not int or self.target not in TARGETS:
            lowest, highest = TARGETS[0], TARGETS[-1]
            raise ValueError(
                f"quality must have a whole number of {lowest} to {highest} as its target; got "
                f"{self.target!r}"
            )

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "Target":
        """Read what ``to_dict`` returned; ``ValueError`` says what is wrong in it."""
        if raw.keys() != cls.fields.keys():
            raise ValueError(f"quality must {_QUALITY}; got {raw!r}")
        return cls(**raw)


class Rendition(Record):
    """One standard size that every upload is resized to."""

    name: str  # part of the destination key: lower-case letters, digits, ``-`` and ``_``
    width: int  # width of the box, in pixels
    height: int  # height of the box, in pixels
    fit: Fit = Fit.INSIDE
    # Output formats, one object each.
    formats: tuple[OutputFormat, ...] = (OutputFormat.JPEG, OutputFormat.WEBP)
    # The encoder's own number, 1 to 100, or a score to reach; PNG is lossless and ignores both.
    quality: int | Target = 80
    position: Position = Position.CENTRE
    enlarge: bool = False  # fill the box even when the upload is smaller; else no pixel is invented
    # Keep the motion of a GIF, WebP or APNG in the ``webp`` output; all other outputs show its
    # first frame.
    animated: bool = False
    # Not made at upload but when it is first viewed (docs/first-view.md).
    lazy: bool = False
    # Further output formats, each of which is made in the background once a reader has asked for
    # it. Settings and JSON have them as ``lazyFormats``.
    lazy_formats: tuple[OutputFormat, ...] = ()

    def __post_init__(self) -> None:
        """Validate, and make members of the names that JSON, YAML and tests give as strings.

        Raises:
            ValueError: a field is out of range; the sentence starts with the field's name.
        """
        for field, is_valid, wanted in self._rules():
            if not is_valid:
                name = _SPELLED.get(field, field)
                raise ValueError(f"{name} must {wanted}; got {getattr(self, field)!r}")
        for name in self.formats:
            if name not in FORMATS:
                raise ValueError(f"formats must be of {', '.join(FORMATS)}; got {name!r}")
        if self.animated and OutputFormat.WEBP not in (*self.formats, *self.lazy_formats):
            raise ValueError("animated needs 'webp' among the formats")
        if self.lazy_formats and self.stand_in is None:
            raise ValueError(
                f"{LAZY_FORMATS} needs {' or '.join(map(repr, STAND_INS))} among the formats, "
                "which readers get meanwhile"
            )
        object.__setattr__(self, "fit", Fit(self.fit))
        object.__setattr__(self, "position", Position(self.position))
        object.__setattr__(self, "formats", tuple(map(OutputFormat, self.formats)))
        object.__setattr__(self, "lazy_formats", tuple(map(OutputFormat, self.lazy_formats)))

    def _rules(self) -> Iterator[tuple[str, bool, str]]:
        """Yield the fields, each with whether its value is valid, and what it must be."""
        is_name = _NAME.fullmatch(self.name) is not None and self.name != "manifest"
        yield "name", is_name, "be 1-32 of a-z, 0-9, - and _, and not 'manifest'"
        for field in ("width", "height"):
            yield field, _is_within(getattr(self, field), _MAX_SIDE), f"be 1 to {_MAX_SIDE} pixels"
        yield "fit", self.fit in tuple(Fit), f"be one of {', '.join(Fit)}"
        yield "position", self.position in tuple(Position), f"be one of {', '.join(Position)}"
        is_set = 0 < len(self.formats) == len(set(self.formats))
        yield "formats", is_set, "name at least one format, each once"
        is_later = len(self.lazy_formats) == len({*self.lazy_formats} - {*self.formats})
        is_later = is_later and {*self.lazy_formats} <= {*MADE_LATER}
        wanted = f"be of {', '.join(MADE_LATER)}, each once, and none of the formats"
        yield "lazy_formats", is_later, wanted
        is_quality = isinstance(self.quality, Target) or _is_within(self.quality, _MAX_QUALITY)
        yield "quality", is_quality, _QUALITY
        for field in ("enlarge", "animated", "lazy"):
            yield field, getattr(self, field) in (True, False), "be true or false"

    @classmethod
    def parse(cls, raw: object) -> "Rendition":
        """Read one rendition from JSON or YAML data; ``ValueError`` says what is wrong in it."""
        if not isinstance(raw, Mapping):
            message = f"must be a mapping with name, width and height; got {raw!r}"
            raise ValueError(message)  # noqa: TRY004 - one kind of error for every bad setting
        fields = {str(key): value for key, value in cast("Mapping[Any, Any]", raw).items()}
        known = [_SPELLED.get(field, field) for field in cls.fields]
        for unknown in sorted(fields.keys() - set(known)):
            raise ValueError(f"has no field {unknown!r}; it knows {', '.join(known)}")
        for missing in sorted({"name", "width", "height"} - fields.keys()):
            raise ValueError(f"needs {missing!r}")
        lists = {"formats": cls.formats, "lazy_formats": cls.lazy_formats}
        for field, default in lists.items():
            name = _SPELLED.get(field, field)
            given = fields.pop(name, default)
            if not isinstance(given, list | tuple):
                raise ValueError(f"{name} must be a list; got {given!r}")  # noqa: TRY004 - as above
            fields[field] = tuple(str(each) for each in cast("list[Any]", given))
        fields["name"] = str(fields["name"])
        if isinstance(quality := fields.get("quality"), Mapping):
            fields["quality"] = Target.parse(cast("Mapping[str, Any]", quality))
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data; without ``lazy`` and ``lazyFormats`` if there are none.

        So a stack without lazy renditions keeps the digest that the index of duplicates has.
        """
        fields = super().to_dict()
        if not self.lazy:
            del fields["lazy"]
        if later := fields.pop("lazy_formats"):
            fields[LAZY_FORMATS] = later
        return fields

    def without_defaults(self) -> dict[str, Any]:
        """Return plain data that ``parse`` reads back, with only what differs from the defaults."""
        defaults = {_SPELLED.get(name, name): value for name, value in self.fields.items()}
        own = {_SPELLED.get(name, name): getattr(self, name) for name in self.fields}
        return {
            name: value for name, value in self.to_dict().items() if own[name] != defaults[name]
        }

    @property
    def stand_in(self) -> OutputFormat | None:
        """The format that readers get while one of ``lazy_formats`` is being made."""
        return next((name for name in STAND_INS if name in self.formats), None)

    def made_in(self, formats: tuple[OutputFormat, ...], *, lazy: bool) -> "Rendition":
        """Return the rendition in some of its formats alone, none of them in the background."""
        moves = self.animated and OutputFormat.WEBP in formats
        return self.replace(formats=formats, lazy_formats=(), animated=moves, lazy=lazy)


def _is_within(value: object, most: int) -> bool:
    """Return True for a whole number of 1 to ``most``."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def made_at_upload(renditions: Iterable[Rendition]) -> tuple[Rendition, ...]:
    """Return the renditions, in the formats, that are made at upload."""
    return tuple(each.made_in(each.formats, lazy=False) for each in renditions if not each.lazy)


def made_at_view(renditions: Iterable[Rendition]) -> tuple[Rendition, ...]:
    """Return the renditions that are made while their first reader waits."""
    return tuple(each.made_in(each.formats, lazy=True) for each in renditions if each.lazy)


def made_in_background(renditions: Iterable[Rendition]) -> tuple[Rendition, ...]:
    """Return the renditions in their lazy formats, which are made after a reader asked for them."""
    later = (each for each in renditions if each.lazy_formats)
    return tuple(each.made_in(each.lazy_formats, lazy=True) for each in later)


_JPEG_ALONE: Final = (OutputFormat.JPEG,)

DEFAULT_RENDITIONS: Final = (
    Rendition(
        name="large", width=1080, height=1080, formats=(OutputFormat.JPEG, OutputFormat.AVIF)
    ),
    Rendition(name="medium", width=640, height=640, formats=_JPEG_ALONE),
    Rendition(name="small", width=320, height=320, formats=_JPEG_ALONE),
    Rendition(name="thumb", width=150, height=150, fit=Fit.COVER, formats=_JPEG_ALONE),
)
"""Four sizes of a social app: full view, feed, grid, avatar. Only the largest has a second format:
of the smaller ones it would save a few KB each (docs/engine.md, "Defaults")."""


def file_name(rendition: str, format_name: OutputFormat) -> str:
    """Return the last part of a rendition's destination key, e.g. ``thumb.jpg``."""
    return f"{rendition}.{FORMATS[format_name].extension}"
