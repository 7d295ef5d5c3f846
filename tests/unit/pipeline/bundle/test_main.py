"""``python -m pipeline.bundle``: this machine's module beside the engine, or one sentence."""

from pathlib import Path

import pytest

from pipeline.bundle import Target, __main__
from pipeline.bundle.native import MODULE, compile_library

ROOT = Path(__file__).parents[4]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine with one C file, in a tree of its own that shares the compiler's cache."""
    folder = tmp_path / "function" / "engine"
    (folder / "native").mkdir(parents=True)
    (folder / "native" / "one.c").write_text("int one(void) { return 1; }\n")
    (tmp_path / ".cache" / "native").mkdir(parents=True)
    (tmp_path / ".cache" / "native" / "zig").symlink_to(ROOT / ".cache" / "native" / "zig")
    monkeypatch.setattr(__main__, "_ROOT", tmp_path)
    return folder


def test_the_module_replaces_the_one_that_is_there(engine, tmp_path):
    (engine / MODULE).write_bytes(b"an older one, mapped by a process")
    mapped = (engine / MODULE).stat().st_ino
    __main__.main()
    sources = {"one.c": (engine / "native" / "one.c").read_bytes()}
    expected = compile_library(sources, Target.host(), tmp_path / ".cache" / "native")
    assert (engine / MODULE).read_bytes() == expected
    assert (engine / MODULE).stat().st_ino != mapped
    assert sorted(path.name for path in engine.iterdir()) == [MODULE, "native"]


def test_a_source_that_does_not_compile_is_one_sentence(engine):
    (engine / "native" / "one.c").write_text("int = 1;\n")
    with pytest.raises(SystemExit, match=r"^error: The C module does not compile .*one\.c:1:5"):
        __main__.main()
    assert not (engine / MODULE).exists()
