"""A drawing's markup is written anew as it was read, in UTF-8 and without entities."""

import re
from xml.etree import ElementTree as ET

import pytest

from function.engine.errors import Reason, Rejected
from function.engine.formats.svg import recognises
from function.engine.formats.svg_markup import LONGEST_ENTITY, MOST_GROWTH, read

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="9" height="9">'
)


def svg(body: str, prologue: str = "") -> bytes:
    return f"{prologue}{HEAD}{body}</svg>".encode()


def code_of(data: bytes) -> Reason:
    with pytest.raises(Rejected) as rejection:
        read(data)
    return rejection.value.code


BODIES = (
    '<g a="1" b="&lt;&amp;&quot;\'&gt;"><path d="M0 0"/></g>',
    "<text>a &lt;b&gt; &amp; ]]&gt; <tspan/> c</text>",
    "<text><![CDATA[a < b]]></text>",
    "<style>a > b {fill:red}</style><style/><style></style>",
    '<a xlink:href="http://example.com/"><title>ä 日 😀</title></a>',
    '<text xml:space="preserve">  a  </text>\n  <g>\n  </g>',
)


@pytest.mark.parametrize("body", BODIES)
def test_what_is_written_says_the_same(body):
    written = read(svg(f"<!-- a --><?b c?>{body}", "<?xml version='1.0'?><!DOCTYPE svg>")).markup
    expected = ET.canonicalize(svg(body).decode())
    assert ET.canonicalize(written) == expected


def test_an_element_without_content_stays_short():
    body = '<path d="M0 0h9v9z"/>' * 3
    assert read(svg(body)).markup == svg(body).decode()


def test_lists_of_fonts_are_completed_wherever_they_are():
    body = (
        "<style>/* > */ .a{font-family:A}</style><style><![CDATA[.b{font:9px B}]]></style>"
        '<text font-family="C" style="font-family:&quot;D&quot;;fill:red">e</text>'
    )
    written = read(svg(body)).markup
    assert "<style>/* &gt; */ .a{font-family:A, sans-serif}</style>" in written
    assert "<style>.b{font:9px B, sans-serif}</style>" in written
    assert 'font-family="C, sans-serif"' in written
    assert 'style="font-family:&quot;D&quot;, sans-serif;fill:red"' in written


def test_a_style_sheet_with_an_element_in_it_is_written_whole():
    body = "<style>.a{font:9px A}<x>.b{fill:red}</x>.c{font:9px C}<x/></style><text>a</text>"
    expected = body.replace("A}", "A, sans-serif}").replace("C}", "C, sans-serif}")
    assert read(svg(body)).markup == svg(expected).decode()


def test_a_text_is_read_as_one():
    body = "<text>a<tspan>b<title>c</title></tspan>&amp;d</text><g><text/><text>e</text></g>"
    assert read(svg(body)).texts == ("ab&d", "", "e")


def test_a_long_style_sheet_is_completed_in_one_piece():
    sheet = "".join(f".a{n}{{font-family:Arial}}" for n in range(9000))
    written = read(svg(f"<style>{sheet}</style>")).markup
    assert written.count("{font-family:Arial, sans-serif}") == 9000


@pytest.mark.parametrize("value", ["", " ", "#a", " #a"])
@pytest.mark.parametrize("name", ["image", "feImage", "use"])
def test_a_reference_that_leads_nowhere_else_is_written_as_it_is(name, value):
    body = f'<{name} href="{value}"/>'
    assert read(svg(body)).markup == svg(body).decode()


@pytest.mark.parametrize("value", ["a.png", "/a.png", "//a/b.png", "?", "data", "http://a/#b"])
@pytest.mark.parametrize("key", ["href", "xlink:href"])
def test_a_reference_to_anything_outside_is_unsafe(key, value):
    assert code_of(svg(f'<image {key}="{value}"/>')) == Reason.UNSAFE_SVG
    assert read(svg(f'<a {key}="{value}"/>')).markup


ILLUSTRATOR = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
    <!ENTITY ns_extend "http://ns.adobe.com/Extensibility/1.0/">
    <!ENTITY ns_ai "http://ns.adobe.com/AdobeIllustrator/10.0/">
    <!ENTITY ns_svg "http://www.w3.org/2000/svg">
]>
<svg xmlns:x="&ns_extend;" xmlns:i="&ns_ai;" xmlns="&ns_svg;" width="90" height="60">
<switch><foreignObject requiredExtensions="&ns_ai;" width="1" height="1">
<i:aipgfRef>x</i:aipgfRef></foreignObject><g i:extraneous="self"><rect width="9" height="9"/></g>
</switch></svg>"""
"""The shape of what Illustrator writes; no real file could be had."""


def test_entities_of_plain_text_are_expanded():
    drawing = read(ILLUSTRATOR.encode())
    assert drawing.root["xmlns:i"] == "http://ns.adobe.com/AdobeIllustrator/10.0/"
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawing.markup
    assert not re.search(r"&|ENTITY|DOCTYPE", drawing.markup)
    assert not drawing.hides_text


def declaring(entity: str, body: str = "<g/>") -> bytes:
    return svg(body, f"<!DOCTYPE svg [{entity}]>")


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY a PUBLIC "a" "http://example.com/">',
        '<!ENTITY % a "b">',
        '<!ENTITY a "b"><!ENTITY c "&a;&a;">',
        '<!ENTITY a "&#60;g/>">',
        f'<!ENTITY a "{"b" * (LONGEST_ENTITY + 1)}">',
    ],
)
def test_an_entity_that_is_more_than_plain_text_is_refused(entity):
    assert code_of(declaring(entity)) == Reason.UNSAFE_SVG
    assert read(declaring(f'<!ENTITY a "{"b" * LONGEST_ENTITY}">')).markup


def test_entities_cannot_make_a_drawing_much_longer():
    entity = f'<!ENTITY a "{"b" * LONGEST_ENTITY}">'
    assert len(read(declaring(entity, "<text>&a;</text>" * 300)).markup) > 60_000
    assert code_of(declaring(entity, "<g>&a;</g>" * 30_000)) == Reason.TOO_COMPLEX


def test_entities_that_expat_itself_finds_too_long_are_no_damage():
    """An attribute is given whole: here it would have 1.2 GB, more than expat can hold."""
    entity = f'<!ENTITY a "{"a" * LONGEST_ENTITY}">'
    drawing = declaring(entity, f'<g d="{"&a;" * 6_000_000}"/>')
    assert code_of(drawing) == Reason.TOO_COMPLEX
    assert LONGEST_ENTITY / len("<g>&a;</g>") > MOST_GROWTH


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("prologue", ["", "<?xml version='1.0' encoding='UTF-16'?>\n"])
def test_a_drawing_is_read_by_its_byte_order_mark(encoding, prologue):
    data = ("\ufeff" + svg("<text>ä 日</text>", prologue).decode()).encode(encoding)
    assert recognises(data)
    assert read(data).markup == svg("<text>ä 日</text>").decode()
    assert code_of(data[:-3]) == Reason.BROKEN_IMAGE


def test_text_of_another_kind_in_utf_16_is_no_drawing():
    assert not recognises("\ufeff<html>".encode("utf-16-le"))


@pytest.mark.parametrize(
    ("body", "characters", "hides_text"),
    [
        ("<text>ab<tspan>c</tspan></text>", "abc", False),
        ("<text>a<title>b</title><desc>c</desc></text>", "a", False),
        ("<title>a</title><style>b</style><script>c</script><metadata>d</metadata>", "", False),
        ("<foreignObject><p>a</p></foreignObject>", "", True),
        ("<foreignObject><p> \n</p><style>a</style></foreignObject>", "", False),
        ("<flowRoot><flowPara>a</flowPara></flowRoot>", "", True),
        ("<switch><foreignObject>a</foreignObject><text>b</text></switch>", "b", False),
        ("<switch><text>b</text></switch><foreignObject>a</foreignObject>", "b", True),
        ("<g>a</g>", "", False),
    ],
)
def test_text_that_is_drawn_is_told_from_text_that_is_not(body, characters, hides_text):
    drawing = read(svg(body))
    assert "".join(drawing.texts) == characters
    assert drawing.letters == len(characters)
    assert drawing.hides_text is hides_text
