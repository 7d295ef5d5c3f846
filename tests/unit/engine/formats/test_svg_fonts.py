"""Which font text is drawn with, and which characters the fonts have."""

import pytest
from fontTools.ttLib import TTFont

from function.engine.formats import svg_fonts
from function.engine.formats.svg_fonts import (
    COVERED,
    FILES,
    lacks,
    paths,
    with_generic,
    with_generics,
)


def test_every_character_of_the_fonts_is_known():
    fonts = [TTFont(path) for path in FILES]
    expected = {chr(code) for font in fonts for code in font.getBestCmap()}
    assert expected == COVERED
    assert "\U0001f512" in expected  # beyond 16 bits


def test_there_is_an_upright_and_an_italic_font_of_each_family():
    assert [("Italic" in path) for path in paths()] == [False] * 3 + [True] * 3
    assert "Arimo" in paths()[0]
    assert {TTFont(path)["name"].getBestFamilyName() for path in FILES} == {
        svg_fonts.FAMILIES[f"{name}_family"] for name in ("sans_serif", "serif", "monospace")
    }


@pytest.mark.parametrize(
    ("families", "generic"),
    [
        ("Arial", "sans-serif"),
        ("Helvetica Neue, Arial", "sans-serif"),
        ("'MyriadPro-Regular'", "sans-serif"),
        ("MS Sans Serif", "sans-serif"),
        ("Times New Roman", "serif"),
        ("'Noto Serif'", "serif"),
        ("georgia", "serif"),
        ("Courier", "monospace"),
        ("DejaVu Sans Mono", "monospace"),
        ("Lucida Sans Typewriter", "monospace"),
        ("serif", "serif"),
    ],
)
def test_a_font_that_we_lack_is_replaced_by_one_of_its_kind(families, generic):
    assert with_generic(f"{families} ") == f"{families}, {generic}"


@pytest.mark.parametrize("value", ["", " ", "inherit", "initial", " unset ", "revert"])
def test_what_names_no_font_is_left_as_it_is(value):
    assert with_generic(value) == value


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        ("font-family:Arial", "font-family:Arial, sans-serif"),
        ("font-family: Arial ;fill:red", "font-family: Arial, sans-serif;fill:red"),
        (".a{font:bold 9px/1 Times}", ".a{font:bold 9px/1 Times, serif}"),
        ("font-family :'Courier'!important", "font-family :'Courier', monospace!important"),
        ("font-size:9px;font-weight:bold", "font-size:9px;font-weight:bold"),
        ("font:inherit", "font:inherit"),
        ("/* font: A */fill:red", "/* font: A */fill:red"),
        (".a{/* font:\n A; */ fill:red}", ".a{/* font:\n A; */ fill:red}"),
        ("/* font: A", "/* font: A"),
        ("/**/font:9px A/* b */;/* font: c */", "/**/font:9px A/* b */, sans-serif;/* font: c */"),
        (
            ".a{font-family:A}.b{font-family:B}",
            ".a{font-family:A, sans-serif}.b{font-family:B, sans-serif}",
        ),
    ],
)
def test_each_list_of_fonts_in_a_style_sheet_gets_a_generic_one(sheet, expected):
    assert with_generics(sheet) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe Ωж שלום → ≤ 9 €", False),
        (" \t\n\u00a0\u200b\u200d\u202e", False),
        ("a\ufe0f", False),
        ("日本", True),
        ("مرحبا", True),
        ("a😀", True),
        ("\ue900", True),  # an icon font's own
        *((c, True) for c in "\x7f\x85\x9f\u0600\u070f\u1680\u3164\ufff9\U000110bd"),
        ("configure ⇒ ✓", False),  # one font has all of it
        ("configure ⇒ א", True),
        ("reflect ⇒ א", True),
        ("ordered ⇒ א ✓ ∅", False),  # of several fonts, glyph for glyph
        ("al·lot ⇒ א", True),
        ("e\u0301 ⇒ א", True),  # one glyph, or two
        ("\u02e5\u02e9 ⇒", True),
        ("Ǎ ⇒ א", True),  # two glyphs in a font without it
    ],
)
def test_characters_that_no_font_has_are_told(text, expected):
    assert lacks(text) is expected
