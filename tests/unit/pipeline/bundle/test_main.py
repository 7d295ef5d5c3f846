"""``python -m pipeline.bundle``: this machine's module beside the engine, or one sentence."""

import runpy
import shutil
from pathlib import Path

import pytest

from pipeline.bundle import Target
from pipeline.bundle.native import MODULE, compile_library

ROOT = Path(__file__).parents[4]


@pytest.fixture
def engine(tmp_path):
    """An engine with one C file, in a separate tree that shares the compiler's cache."""
    folder = tmp_path / "function" / "engine"
    (folder / "native").mkdir(parents=True)
    (folder / "native" / "one.c").write_text("int one(void) { return 1; }\n")
    (tmp_path / ".cache" / "native").mkdir(parents=True)
    (tmp_path / ".cache" / "native" / "zig").symlink_to(ROOT / ".cache" / "native" / "zig")
    return folder


@pytest.fixture
def compile_here(tmp_path):
    """The command, as it stands in that tree."""
    program = tmp_path / "pipeline" / "bundle" / "__main__.py"
    program.parent.mkdir(parents=True)
    shutil.copy(ROOT / "pipeline" / "bundle" / "__main__.py", program)
    return runpy.run_path(str(program))["main"]


def test_the_module_replaces_the_one_that_is_there(engine, compile_here, tmp_path):
    (engine / MODULE).write_bytes(b"an older one, mapped by a process")
    mapped = (engine / MODULE).stat().st_ino
    compile_here()
    sources = {"one.c": (engine / "native" / "one.c").read_bytes()}
    expected = compile_library(sources, Target.host(), tmp_path / ".cache" / "native")
    assert (engine / MODULE).read_bytes() == expected
    assert (engine / MODULE).stat().st_ino != mapped
    assert sorted(path.name for path in engine.iterdir()) == [MODULE, "native"]


def test_a_source_that_does_not_compile_is_one_sentence(engine, compile_here):
    (engine / "native" / "one.c").write_text("int = 1;\n")
    with pytest.raises(SystemExit, match=r"^error: The C module does not compile .*one\.c:1:5"):
        compile_here()
    assert not (engine / MODULE).exists()
