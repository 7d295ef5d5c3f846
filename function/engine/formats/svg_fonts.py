"""The fonts that a drawing's text is drawn with, and the characters that they have.

A drawing names fonts of its author's machine, most often Arial, Times or Courier, and was laid out
by their widths. Arimo has the widths of Arial and Helvetica, Source Code Pro those of Courier; a
line in Crimson Pro is 2 % shorter than in Times.
"""

import re
import struct
from itertools import chain
from pathlib import Path
from typing import Any, Final
from unicodedata import category, normalize

import fontpkg_arimo
import fontpkg_crimson_pro
import fontpkg_source_code_pro

_SANS, _SERIF, _MONOSPACE = fontpkg_arimo, fontpkg_crimson_pro, fontpkg_source_code_pro

_LIKE: Final = (
    ("monospace", re.compile(r"mono|courier|consol|menlo|typewriter", re.IGNORECASE)),
    ("sans-serif", re.compile(r"sans", re.IGNORECASE)),
    ("serif", re.compile(r"serif|times|georgia|garamond|palatino|cambria|roman", re.IGNORECASE)),
)
"""Patterns in the names of fonts that we do not have, and the look they suggest; first match."""

_DECLARATION: Final = re.compile(
    r"/\*.*?(?:\*/|\Z)|(?P<name>\bfont(?:-family)?\s*:)(?P<families>[^;{}!]+)", re.DOTALL
)
"""A comment, which is left as it is, or a declaration of fonts."""

_KEYWORDS: Final = frozenset({"", "inherit", "initial", "unset", "revert"})

_UNSEEN: Final = re.compile(
    "[\t\n\r\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufff8\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that draw nothing where a font lacks them: spaces, and what Unicode has as "default
ignorable" (``DerivedCoreProperties.txt``) except the fillers of Hangul. Others of the categories
Cc, Cf and Zs are drawn as an empty box."""

_JOINED: Final = re.compile("f[il]|[lL]·[lL]|[\u02e5-\u02e9]{2}")
"""Sequences that one of the fonts draws as one glyph, and others as several (tables ``GSUB``)."""


_FOUND = [sorted(font.ROOT.glob("files/*.ttf")) for font in (_SANS, _SERIF, _MONOSPACE)]
FILES: Final[list[Path]] = sorted(chain(*_FOUND), key=lambda path: "Italic" in path.name)
"""Upright fonts, each with all weights, before italic ones: resvg takes the first that has a
character for one that its own font lacks."""

FAMILIES: Final[dict[str, Any]] = {
    **dict.fromkeys(("font_family", "sans_serif_family"), _SANS.FAMILY),
    **dict.fromkeys(("cursive_family", "fantasy_family"), _SANS.FAMILY),
    "serif_family": _SERIF.FAMILY,
    "monospace_family": _MONOSPACE.FAMILY,
}
"""Arguments of ``resvg_py.svg_to_bytes``."""


def paths() -> tuple[str, ...]:
    """Return the paths of the fonts, as resvg opens them."""
    return tuple(map(str, FILES))


def with_generic(families: str) -> str:
    """Return a list of font families with the generic one at its end that comes nearest.

    resvg draws in the serif font what names no font that it has, Arial included.
    """
    if families.strip() in _KEYWORDS:
        return families
    generic = next((name for name, names in _LIKE if names.search(families)), "sans-serif")
    return f"{families.rstrip()}, {generic}"


def with_generics(sheet: str) -> str:
    """Return CSS with a generic family at the end of each list of font families."""
    return _DECLARATION.sub(_completed, sheet)


def _completed(found: re.Match[str]) -> str:
    return found["name"] + with_generic(found["families"]) if found["name"] else found[0]


def lacks(text: str) -> bool:
    """Return True if characters of a ``text`` element may be drawn as empty boxes.

    For a character that its font lacks, resvg takes the first font that has it. If that has not all
    of the others, resvg merges both, which it gives up where they differ in their number of glyphs.
    Which font the text names is not known here, so it may be any.
    """
    characters = {*_UNSEEN.sub("", text)}
    if not characters <= COVERED:
        return True
    rare = characters - _COMMON
    if all(characters <= next(font for font in _COVERAGE if c in font) for c in rare):
        return False
    marks = any(category(c).startswith("M") for c in characters)
    return marks or any(normalize("NFD", c) != c for c in rare) or bool(_JOINED.search(text))


def _characters(font: bytes) -> set[str]:
    """Return the characters of a font by its table ``cmap`` (OpenType 1.9.1, formats 4 and 12)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    entries = (struct.unpack_from(">4s4xI", font, 12 + 16 * index) for index in range(tables))
    start = next(offset for tag, offset in entries if tag == b"cmap")
    found: set[str] = set()
    for index in range(struct.unpack_from(">H", font, start + 2)[0]):
        at = start + struct.unpack_from(">I", font, start + 8 + 8 * index)[0]
        kind, count = struct.unpack_from(">H", font, at)[0], 0
        if kind == 4:  # noqa: PLR2004 - ranges of 16 bits: all ends, then all starts
            count = struct.unpack_from(">H", font, at + 6)[0] // 2
            ends = struct.unpack_from(f">{count}H", font, at + 14)
            starts = struct.unpack_from(f">{count}H", font, at + 16 + 2 * count)
            ranges = zip(starts, ends, strict=True)
        elif kind == 12:  # noqa: PLR2004 - ranges of 32 bits, each with its first glyph
            count = struct.unpack_from(">I", font, at + 12)[0]
            ranges = (struct.unpack_from(">II", font, at + 16 + 12 * n) for n in range(count))
        else:
            continue
        for first, last in ranges:
            found.update(map(chr, range(first, last + 1)))
    return found - {"\uffff"}


_COVERAGE: Final = tuple(frozenset(_characters(path.read_bytes())) for path in FILES)
COVERED: Final = frozenset[str]().union(*_COVERAGE)  # characters that a font has

_COMMON: Final = COVERED.intersection(*_COVERAGE)
"""Characters that every font has. Source Code Pro has 249 fewer in italic."""
