"""The fonts that a drawing's text is drawn with, and the characters that they have.

A drawing names fonts of its author's machine, most often Arial, Times or Courier, and was laid out
by their widths. Arimo has the widths of Arial and Helvetica, Source Code Pro those of Courier; a
line in Crimson Pro is 2 % shorter than in Times.
"""

import re
import struct
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unicodedata import category

import fontpkg_arimo
import fontpkg_crimson_pro
import fontpkg_source_code_pro

_SANS: Final = fontpkg_arimo
_SERIF: Final = fontpkg_crimson_pro
_MONOSPACE: Final = fontpkg_source_code_pro

_LIKE: Final = (
    ("monospace", re.compile(r"mono|courier|consol|menlo|typewriter", re.IGNORECASE)),
    ("sans-serif", re.compile(r"sans", re.IGNORECASE)),
    ("serif", re.compile(r"serif|times|georgia|garamond|palatino|cambria|roman", re.IGNORECASE)),
)
"""What the names of fonts that we do not have say of their looks; the first that fits counts."""

_DECLARATION: Final = re.compile(r"(\bfont(?:-family)?\s*:)([^;{}!]+)")
_KEYWORDS: Final = frozenset({"", "inherit", "initial", "unset", "revert"})

_UNSEEN: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode's categories of control characters, marks of formatting and spaces."""

_SELECTORS: Final = frozenset({"\ufe0e", "\ufe0f"})
"""They choose between two looks of the character before them."""


def _files(*packages: ModuleType) -> tuple[Path, ...]:
    """Return the font files of packages, each package's upright font first.

    resvg takes the first font that has a character for one that its own font lacks.
    """
    found = (path for package in packages for path in sorted(package.ROOT.glob("files/*.ttf")))
    return tuple(sorted(found, key=lambda path: "Italic" in path.name))


FILES: Final = _files(_SANS, _SERIF, _MONOSPACE)
"""Upright fonts before italic ones; each has all weights."""

FAMILIES: Final[dict[str, Any]] = {
    "font_family": _SANS.FAMILY,
    "sans_serif_family": _SANS.FAMILY,
    "serif_family": _SERIF.FAMILY,
    "monospace_family": _MONOSPACE.FAMILY,
    "cursive_family": _SANS.FAMILY,
    "fantasy_family": _SANS.FAMILY,
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
    return _DECLARATION.sub(lambda found: found[1] + with_generic(found[2]), sheet)


def lacks(characters: Iterable[str]) -> bool:
    """Return True if there is a character that none of the fonts has, and that would be seen."""
    return any(category(c) not in _UNSEEN for c in {*characters} - COVERED - _SELECTORS)


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


COVERED: Final = frozenset[str]().union(
    *(_characters(path.read_bytes()) for path in FILES if "Italic" not in path.name)
)
"""Characters that a font has; the italic fonts have the same."""
