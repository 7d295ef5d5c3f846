import base64
import io
import re
from unicodedata import category

import pytest
from rich.console import Console

from function.engine.decode import decode
from function.engine.errors import Reason, Rejected
from function.engine.formats import svg_drawing, svg_markup
from function.engine.formats.svg import recognises
from function.engine.formats.svg_drawing import losses, rasterise, read_size
from function.engine.formats.svg_fonts import lacks
from function.engine.losses import Loss
from function.engine.renditions import Rendition
from function.engine.results import Measured, Rendered, Task
from function.engine.work import work
from tests.support.engine import MAX_PIXELS
from tests.support.pictures import SVG, encoded
from tests.support.probing_worker import isolated
from tests.support.uploads import PHOTO


def test_an_svg_is_drawn_at_the_size_needed():
    renditions = (Rendition(name="a", width=640, height=640),)
    source = decode(SVG, Task(renditions, MAX_PIXELS))
    assert source.size == (64, 48)
    assert source.image.size == (640, 480)
    assert source.image.getpixel((320, 240)) == (255, 208, 0)


@pytest.mark.parametrize(
    "root",
    [
        b'width="9e300" viewBox="0 0 1e-300 1e300"',  # its height is infinite
        b'height="9e300" viewBox="0 0 1e300 1e-300"',
        b'width="1e300" height="1e300"',
        b'viewBox="0 0 1e300 1e300"',
    ],
)
def test_a_drawing_of_any_size_is_rejected_with_a_short_message(root):
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" ' + root + b"/>"
    with pytest.raises(Rejected) as rejection:
        decode(drawing, Task((Rendition(name="a", width=64, height=64),), MAX_PIXELS))
    assert rejection.value.code == Reason.TOO_MANY_PIXELS
    assert len(rejection.value.message) < 100


@pytest.mark.parametrize("side", [51_500, 1_000_000])
@pytest.mark.parametrize("form", ['viewBox="0 0 {0} {0}"', 'width="{0}" height="{0}"'])
def test_a_drawing_of_large_units_is_drawn_at_the_size_needed(side, form):
    """Logos of Firefox have a view box of 51,500 units."""
    body = f'<rect width="{side // 2}" height="{side}" fill="red"/>'
    data = f'<svg xmlns="http://www.w3.org/2000/svg" {form.format(side)}>{body}</svg>'
    rendition = Rendition(name="a", width=64, height=64)
    source = decode(data.encode(), Task((rendition,), MAX_PIXELS))
    assert source.size == (side, side)
    assert source.image.size == (64, 64)
    assert source.image.getpixel((20, 32)) == (255, 0, 0, 255)
    assert source.image.getpixel((40, 32))[3] == 0


def declaring(encoding: str, quote: str = '"') -> bytes:
    return f"<?xml version={quote}1.0{quote} encoding={quote}{encoding}{quote}?>".encode()


@pytest.mark.parametrize("encoding", ["utf-7", "big5", "unknown"])
def test_a_declared_encoding_that_few_use_changes_nothing(encoding):
    declared = declaring(encoding)
    assert recognises(declared + SVG)
    assert read_size(declared + SVG) == read_size(SVG) == (64, 48)
    assert read_size(b"\xef\xbb\xbf" + declared + SVG) == (64, 48)
    with pytest.raises(Rejected, match=Reason.BROKEN_IMAGE):
        read_size(declared + b"<svg>\xe4</svg>")


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("encoding", ["iso-8859-1", "ISO-8859-1", "us-ascii", "Windows-1252"])
def test_a_western_encoding_is_read_as_declared(encoding, quote):
    text = with_text("", "Größe „5 €“")
    western = text.decode().encode("cp1252")
    declared = declaring(encoding, quote)
    assert recognises(declared + western)
    assert svg_markup.read(declared + western).markup == svg_markup.read(text).markup


def test_a_byte_that_is_no_character_is_replaced():
    data = with_text("", "a").replace(b">a<", b">\x81<")
    assert svg_markup.read(declaring("windows-1252") + data).texts == ("\ufffd",)


@pytest.mark.parametrize(
    "prologue",
    [
        "<!-- a -->",
        "<?foo bar?>",
        "<!DOCTYPE\nsvg>",
        "<!DOCTYPE x:svg>",
        "\n <!DOCTYPE svg SYSTEM 'a.dtd'>",
    ],
)
@pytest.mark.parametrize("prefix", ["", "x:", "svg-1.1:"])
def test_a_drawing_is_recognised_by_its_root(prologue, prefix):
    name = prefix and ":" + prefix[:-1]
    body = f'<{prefix}rect width="9" height="9" fill="red"/>'
    namespace = f'xmlns{name}="http://www.w3.org/2000/svg"'
    data = f'<{prefix}svg {namespace} width="9" height="9">{body}</{prefix}svg>'
    assert recognises(data.encode())
    assert recognises((prologue + data).encode())
    drawn = rasterise((prologue + data).encode(), (9, 9))
    assert drawn.getpixel((4, 4)) == (255, 0, 0, 255)


@pytest.mark.parametrize(
    "text", ["<svgz>", "<!DOCTYPE html><svg>", "<a><svg/></a>", "<!-- a --><html/>", "<?a?>svg"]
)
def test_other_markup_is_not_recognised(text):
    assert not recognises(text.encode())


def test_a_byte_order_mark_counts_more_than_what_is_declared():
    text = with_text("", "Größe")
    data = b"\xef\xbb\xbf" + declaring("iso-8859-1") + text
    assert svg_markup.read(data).markup == svg_markup.read(text).markup


@pytest.mark.parametrize("unit", ["mm", "cm", "in", "pt", "pc"])
def test_a_drawing_may_be_in_units_of_paper(unit):
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="6{unit}" height="6{unit}">'
        f'<rect width="3{unit}" height="6{unit}" fill="red"/></svg>'
    )
    drawn = rasterise(markup.encode(), (40, 40))
    assert drawn.getpixel((10, 20)) == (255, 0, 0, 255)
    assert drawn.getpixel((30, 20))[3] == 0


def with_text(attributes: str, text: str = "Hamburg 2026", body: str = "") -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">'
        f'{body}<text x="4" y="28" font-size="24" {attributes}>{text}</text></svg>'
    ).encode()


def drawn(attributes: str, text: str = "Hamburg 2026", body: str = "") -> bytes:
    return rasterise(with_text(attributes, text, body), (200, 40)).tobytes()


@pytest.mark.parametrize(
    ("family", "ours"),
    [
        ("Arial", "Arimo"),
        ("Helvetica, Arial", "Arimo"),
        ("Any Name", "Arimo"),
        ("sans-serif", "Arimo"),
        ("cursive", "Arimo"),
        ("fantasy", "Arimo"),
        ("Times New Roman, Times", "Crimson Pro"),
        ("serif", "Crimson Pro"),
        ("Courier New", "Source Code Pro"),
        ("monospace", "Source Code Pro"),
    ],
)
def test_text_is_drawn_in_a_font_of_the_kind_that_it_names(family, ours):
    expected = drawn(f'font-family="{ours}"')
    assert any(expected)
    assert drawn(f'font-family="{family}"') == expected
    assert drawn(f'style="font-family:{family}"') == expected
    assert drawn('class="a"', body=f"<style>.a{{font-family:{family}}}</style>") == expected


def test_the_fonts_weights_and_slants_differ():
    families = ("Arimo", "Crimson Pro", "Source Code Pro")
    styles = ("", 'font-weight="bold"', 'font-style="italic"')
    looks = {drawn(f'font-family="{family}" {style}') for family in families for style in styles}
    assert len(looks) == 9
    assert drawn("") == drawn('font-family="Arimo"')


def test_what_rich_exports_is_drawn_with_its_text():
    console = Console(record=True, width=40, file=io.StringIO())
    console.print("[bold red]Renditions[/] │ 12 →")
    data = console.export_svg(title="Report").encode()
    without = re.sub(rb"<text[ >].*?</text>", b"", data)
    size = read_size(data)
    assert rasterise(data, size).tobytes() != rasterise(without, size).tobytes()
    assert losses(data) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe", ()),
        (" ", ()),
        ("日本", (Loss.TEXT,)),
        ("مرحبا", (Loss.TEXT,)),
        ("👍", (Loss.TEXT,)),
        ("configure ✓ → א", (Loss.TEXT,)),
    ],
)
def test_text_that_the_fonts_lack_is_told(text, expected):
    assert losses(with_text("", text)) == expected
    source = decode(
        with_text("", text), Task((Rendition(name="a", width=64, height=64),), MAX_PIXELS)
    )
    assert source.losses == expected


@pytest.mark.parametrize("family", ["Arimo", "Crimson Pro", "Source Code Pro"])
def test_what_draws_nothing_is_told_from_what_draws_a_box(family):
    """Of each character that may be either, as resvg has it."""
    kinds = {"Cc", "Cf", "Zs", "Zl", "Zp"}
    for code in (*range(0x20, 0x1_0000), *range(0x1_10B0, 0x1_10D0), *range(0x1_D170, 0x1_D180)):
        if category(chr(code)) in kinds or chr(code) in "\u034f\u115f\u17b4\u180b\u3164\ufe0f":
            is_seen = any(drawn(f'font-family="{family}"', f"&#{code};"))
            assert lacks(chr(code)) is is_seen, hex(code)


def test_a_text_of_several_fonts_is_drawn_unless_they_differ_in_their_glyphs():
    serif = 'font-family="serif"'
    for text in ("order ⇒ א", "order ⇒ ✓", "configure ⇒ ✓"):
        assert losses(with_text(serif, text)) == ()
        assert drawn(serif, text) != drawn(serif, text.replace("⇒", "\ue900"))
    assert losses(with_text(serif, "configure ⇒ א")) == (Loss.TEXT,)
    assert drawn(serif, "configure ⇒ א") == drawn(serif, "configure \ue900 א")


def test_comments_in_css_change_nothing():
    red = rasterise(with_text("", "", '<rect width="9" height="9" fill="red"/>'), (200, 40))
    for rule in ("/* font: x */fill:red", "fill:red;/* font: x; fill:blue */"):
        for body in (
            f'<rect width="9" height="9" style="{rule}"/>',
            f'<style>.a{{{rule}}}</style><rect width="9" height="9" class="a"/>',
        ):
            assert rasterise(with_text("", "", body), (200, 40)).tobytes() == red.tobytes()


def test_text_that_is_never_drawn_is_told():
    assert losses(with_text("", "", "<foreignObject><p>a</p></foreignObject>")) == (Loss.TEXT,)
    assert losses(SVG) == ()


def test_text_is_lost_where_the_fonts_cannot_be_opened(monkeypatch):
    monkeypatch.setattr(svg_drawing, "paths", lambda: ("/nowhere",))
    assert losses(with_text("")) == (Loss.TEXT,)
    assert losses(with_text("", " ")) == losses(SVG) == ()
    assert not any(rasterise(with_text(""), (200, 40)).tobytes())


def test_a_drawing_in_utf_16_is_drawn():
    data = ("\ufeff" + SVG.decode()).encode("utf-16-le")
    assert rasterise(data, (64, 48)).tobytes() == rasterise(SVG, (64, 48)).tobytes()


def test_a_worker_draws_the_same_text():
    data = with_text('fill="#a00"', "Worker — Ωж")
    task = Task((Rendition(name="a", width=200, height=40, formats=("png",)),), MAX_PIXELS, 1024)
    expected = [result for result in work(data, task) if isinstance(result, (Rendered, Measured))]
    with isolated(task) as isolation:
        found = [r for r in isolation.run(data) if isinstance(r, (Rendered, Measured))]
        again = [r for r in isolation.run(data) if isinstance(r, (Rendered, Measured))]
    assert found == again == expected
    assert found[0].losses == ()


def test_a_drawing_on_which_resvg_panics_is_rejected():
    """A panic of Rust's is no Exception, and ended the worker."""
    jpeg = base64.b64encode(encoded(PHOTO, "JPEG")).decode()
    image = f'<image y="100" width="1e-9" height="30" href="data:image/jpeg;base64,{jpeg}"/>'
    root = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">'
    with isolated() as isolation, pytest.raises(Rejected) as caught:
        list(isolation.run(f"{root}{image}</svg>".encode()))
    assert caught.value.code == Reason.BROKEN_IMAGE
