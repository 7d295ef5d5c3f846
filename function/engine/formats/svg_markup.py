"""Read a drawing's markup: refuse what is not allowed, weigh it, and write down what is drawn.

resvg is given markup that is written anew from what was read here, not the upload itself. So it
draws exactly what was checked, even if its parser would read the upload differently. Entities are
expanded, the text is in UTF-8, each list of fonts ends in one that we have, and each embedded
picture is what it says.
"""

import codecs
import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from function.engine.errors import Reason, Rejected
from function.engine.formats import svg_pictures
from function.engine.formats.svg_cost import Markup
from function.engine.formats.svg_fonts import with_generic, with_generics
from function.engine.formats.svg_size import state_size
from function.engine.record import Record

MOST_GROWTH: Final = 8
"""Markup may become so many times as long when it is written anew, besides ``_SPARE``."""

LONGEST_ENTITY: Final = 200
"""Characters of an entity. Illustrator declares one for each namespace: a URL."""

_SPARE: Final = 1 << 16
_BYTE_ORDERS: Final = (b"\xff\xfe", b"\xfe\xff")

_WESTERN: Final = re.compile(
    rb"<\?xml\s[^>]*?\bencoding\s*=\s*[\"'](?:iso-8859-1|latin1|us-ascii|windows-1252)[\"']",
    re.IGNORECASE,
)
"""An XML declaration of a one-byte encoding; browsers read each of these as windows-1252 (WHATWG
Encoding Standard, 4.2)."""

_WINDOWS_1252: Final = codecs.lookup("windows-1252")  # looked up now: a worker can import no codec

_LOADING: Final = frozenset({"image", "feImage", "use", "tref"})
"""Elements that load what they refer to, unlike an ``a``."""

_OVERGROWN: Final = frozenset({1, 43})
"""Expat's codes for an attribute whose entities outgrow memory, and for entities that grow a
hundredfold (expat.h, ``XML_ERROR_NO_MEMORY`` and ``XML_ERROR_AMPLIFICATION_LIMIT_BREACH``)."""

_EXPANDED: Final = "This drawing's entities make it too long."

_SHOWN, _LOST, _SHEET, _CHOICE = "shown", "lost", "sheet", "choice"
_TEXTS: Final[Mapping[str, str]] = (
    {"text": _SHOWN, "style": _SHEET, "switch": _CHOICE}
    | dict.fromkeys(("foreignObject", "flowRoot"), _LOST)
    | dict.fromkeys(("title", "desc", "metadata", "script"), "")
)
"""Treatment of the text in an element, if it differs from its parent's. resvg draws no HTML and no
flowed text (of a draft of SVG 1.2, as Inkscape writes it)."""


class Drawing(Record):
    """The facts of a drawing's markup that decide how it is drawn, and what that costs."""

    markup: str  # written anew
    root: Mapping[str, str]  # attributes
    canvases: int  # held at once, at most
    letters: int  # of text, as often as they are drawn
    largest_image: int  # pixels
    texts: tuple[str, ...]  # that are drawn, each of one element ``text``
    hides_text: bool  # there is text that resvg never draws


class _Reader:
    """The handlers of one pass over the markup, which refuse what is not allowed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._root: dict[str, str] | None = None
        self._cost = Markup()
        self._texts: list[list[str]] = []
        self._hides_text = False
        self._largest_image = 0
        self._kinds = [""]
        self._sheet = ""
        self._is_in_tag = False  # what follows may close it
        self._written: list[str] = []
        self._length, self._most = 0, MOST_GROWTH * len(data) + _SPARE

    def read(self) -> Drawing:
        # Any other encoding that the XML declaration names changes nothing: expat would ask Python
        # for it, which raises LookupError or imports a module that is not there.
        is_wide, data = self._data.startswith(_BYTE_ORDERS), self._data
        if _WESTERN.match(data):
            data = _WINDOWS_1252.decode(data, "replace")[0].encode()
        parser = expat.ParserCreate("UTF-16" if is_wide else "UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _declare
        try:
            parser.Parse(data, True)  # noqa: FBT003 - pyexpat takes no keywords
        except expat.ExpatError as error:
            if error.code in _OVERGROWN:
                raise Rejected(Reason.TOO_COMPLEX, _EXPANDED) from error
            raise Rejected(Reason.BROKEN_IMAGE, "This drawing is not well-formed XML.") from error
        canvases, letters = self._cost.weigh()
        return Drawing(
            markup="".join(self._written),
            root=self._root or {},
            canvases=canvases,
            letters=letters,
            largest_image=self._largest_image,
            texts=tuple(map("".join, self._texts)),
            hides_text=self._hides_text,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self._root is None:
            if local != "svg":
                raise Rejected(Reason.NOT_AN_IMAGE, "This file is XML, but not an SVG drawing.")
            self._root = attributes
            attributes = state_size(attributes)
        if local in _LOADING:
            for key, value in attributes.items():
                if key.rpartition(":")[2] == "href":
                    attributes[key] = self._reference(value)
        self._cost.start(local, attributes)
        parent = self._kinds[-1]
        kind = _TEXTS.get(local, parent)
        if kind == _SHOWN and parent != _SHOWN:
            self._texts.append([])
        # Another child of the switch is drawn where HTML is not.
        self._kinds.append("" if (parent, kind) == (_CHOICE, _LOST) else kind)
        pairs = (f' {key}="{_attribute(key, value)}"' for key, value in attributes.items())
        self._write_sheet()
        self._write(f"<{name}{''.join(pairs)}")
        self._is_in_tag = True

    def _end(self, name: str) -> None:
        self._cost.end()
        self._kinds.pop()
        self._write_sheet()
        if self._is_in_tag:
            self._is_in_tag = False
            self._written.append("/>")
        else:
            self._write(f"</{name}>")

    def _text(self, text: str) -> None:
        self._cost.text(text)
        kind = self._kinds[-1]
        if kind == _SHEET:
            self._sheet += text
            return
        if kind == _SHOWN:
            self._texts[-1].append(text)
            self._cost.letters(len(text))
        elif kind == _LOST and not text.isspace():
            self._hides_text = True
        self._write(_escape(text))

    def _write_sheet(self) -> None:
        """Write the part of a style sheet since the last tag."""
        if self._sheet:
            self._write(_escape(with_generics(self._sheet)))
            self._sheet = ""

    def _reference(self, value: str) -> str:
        """Return what an element loads: nothing, a part of the drawing, or a picture within it."""
        if not value.strip() or value.lstrip().startswith("#"):
            return value
        if not value.lstrip().lower().startswith("data:"):
            message = "This drawing loads something from outside itself."
            raise Rejected(Reason.UNSAFE_SVG, message)
        picture = svg_pictures.read(value)
        width, height = picture.size
        self._largest_image = max(self._largest_image, width * height)
        return picture.url

    def _write(self, text: str) -> None:
        self._length += len(text)
        if self._length > self._most:
            raise Rejected(Reason.TOO_COMPLEX, _EXPANDED)
        if self._is_in_tag:
            self._is_in_tag = False
            self._written.append(">")
        self._written.append(text)


def read(data: bytes) -> Drawing:
    """Read a drawing's markup.

    Raises:
        Rejected: ``unsafe_svg``, ``too_complex``, ``not_an_image`` or ``broken_image``.
    """
    return _Reader(data).read()


def _attribute(key: str, value: str) -> str:
    if key == "font-family":
        value = with_generic(value)
    elif key == "style":
        value = with_generics(value)
    return _escape(value).replace('"', "&quot;")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _declare(_name: str, is_parameter: bool, value: str | None, *_external: str | None) -> None:
    """Refuse an entity that is more than a few words: one that is a file, or made of others."""
    is_plain = value is not None and not is_parameter and not set("&%<") & set(value)
    if not is_plain or len(value or "") > LONGEST_ENTITY:
        message = "This drawing declares XML entities that are not plain text."
        raise Rejected(Reason.UNSAFE_SVG, message)
