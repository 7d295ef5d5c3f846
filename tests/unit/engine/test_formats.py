"""Each input format is one file, and what others say of the formats is what these files say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.maintain.kinds import KINDS
from function.engine import formats
from function.engine.decode import decode
from function.engine.formats.format import Format, plugin
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
from function.engine.sniff import sniff
from signer.handler import CONTENT_TYPES
from tests.support.engine import every_kind
from tests.support.pictures import encoded
from tests.support.uploads import PHOTO, UPLOADS

ROOT = Path(__file__).parents[3]
EVERY = list(formats.every())


def test_a_module_is_named_as_its_format():
    assert [known.name for known in EVERY] == list(formats.NAMES)
    assert all(known.name in known.bytes_per_pixel for known in EVERY)
    assert all(kind.startswith(known.name) for known in EVERY for kind in known.bytes_per_pixel)


@pytest.mark.parametrize("name", UPLOADS)
def test_one_format_alone_recognises_a_file(name):
    expected, data = UPLOADS[name]
    assert [known.name for known in EVERY if known.recognises(data)] == [expected]
    assert sniff(data).name == expected


@pytest.mark.parametrize("name", UPLOADS)
def test_a_whole_file_is_not_cut_short(name):
    kind, data = UPLOADS[name]
    assert not formats.by_name(kind).is_cut_short(data)


def test_the_signer_takes_what_is_read():
    kinds = [kind for known in EVERY for kind in known.content_types.values()]
    assert list(CONTENT_TYPES) == list(dict.fromkeys(kinds))


def test_every_kind_that_has_a_figure_is_measured():
    assert {made.limit for made in KINDS.values()} == set(every_kind())


def test_the_page_names_what_is_read():
    *titles, last = (known.title or known.name.upper() for known in EVERY if known.content_types)
    assert f"{', '.join(titles)} and {last}, up to" in (ROOT / "web" / "page.js").read_text()


def test_the_page_takes_what_is_read():
    script = (ROOT / "web" / "checks.js").read_text()
    types = dict(re.findall(r"^  ([a-z]+): \"(image/[a-z+]+)\",$", script, re.MULTILINE))
    assert types == {e: kind for known in EVERY for e, kind in known.content_types.items()}


def test_what_is_known_of_formats_imports_no_library():
    code = (
        "import sys; from function.engine import formats; list(formats.every());"
        "libraries = ('PIL', 'pillow_heif', 'resvg_py', 'fontpkg_arimo', 'isal');"
        "sys.exit(any(name in sys.modules for name in libraries))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_a_format_that_pillow_reads_needs_only_its_description(monkeypatch):
    plain = Format(
        name="ppm",
        content_types={"ppm": "image/x-portable-pixmap"},
        bytes_per_pixel={"ppm": 6.0},
        ms_per_megapixel={"ppm": 9.0},
        recognises=lambda data: data.startswith(b"P6"),
        open_image=plugin("PIL.PpmImagePlugin", "PpmImageFile"),
    )
    by_name = formats.by_name
    monkeypatch.setattr(formats, "NAMES", (*formats.NAMES, "ppm"))
    monkeypatch.setattr(formats, "by_name", lambda name: plain if name == "ppm" else by_name(name))
    sizes = [Rendition(name="a", width=24, height=24, formats=("webp",), animated=True)]
    task = Task(sizes, 10**6, memory_mb=256)
    source = decode(encoded(PHOTO, "PPM"), task)
    assert (source.format, source.size, source.frames) == ("ppm", (96, 64), ())
    assert [rendered.width for rendered in render(source, task)] == [24]


def test_decoding_names_no_format():
    tree = ast.parse((ROOT / "function/engine/decode.py").read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not texts & {*formats.NAMES, *every_kind()}
    assert not {name for name in modules if name.startswith("function.engine.formats.")}
