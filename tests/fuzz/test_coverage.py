"""The fuzzers guided by coverage: their corpus is clean, and they would notice an error."""

import io
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from function.engine.vectors import decode_jpeg
from tests.fuzz.coverage import main, run
from tests.fuzz.mutants import MUTANTS
from tests.fuzz.readers import check
from tests.fuzz.targets import TARGETS, Target

COMPILED = [target for target in TARGETS.values() if target.sources]
FIRST_MUTANTS = [next(m for m in MUTANTS if m.target == target.name) for target in COMPILED]
needs_clang = pytest.mark.skipif(
    shutil.which("clang") is None, reason="clang is not installed; it has libFuzzer"
)


def inputs(target: Target) -> list[bytes]:
    return [path.read_bytes() for path in sorted(target.corpus.iterdir())]


@needs_clang
@pytest.mark.parametrize("target", COMPILED, ids=lambda target: target.name)
def test_the_corpus_breaks_nothing(target, tmp_path):
    files = [str(path) for path in target.corpus.iterdir()]
    is_clean, log = run(target, target.build(tmp_path), *files)
    assert is_clean, log[-3000:]
    assert log.count("Executed ") == len(files) > 10


@needs_clang
@pytest.mark.parametrize("mutant", FIRST_MUTANTS, ids=lambda mutant: mutant.target)
def test_an_error_is_found(mutant):
    """The others are for `python -m tests.fuzz.mutants`, which takes minutes."""
    assert "heap-buffer-overflow" in mutant.find()


def test_the_corpus_breaks_no_reader():
    found = inputs(TARGETS["readers"])
    assert len(found) > 10
    for data in found:
        check(data)


def test_what_the_decoder_takes_is_what_pillow_decodes():
    """The harness has no other decoder to compare with."""
    taken = 0
    for data in inputs(TARGETS["jpeg"]):
        try:
            image = Image.open(io.BytesIO(data[1:]))
        except OSError:
            continue
        planes = decode_jpeg(data[1:], 1, image.size)
        if planes and image.mode == "RGB":
            image.draft("YCbCr", None)
            assert np.array_equal(planes[0], np.asarray(image)[:, :, 0])
            taken += 1
    assert taken >= 3  # the corpus is minimal, and most of its files have a fault


def test_each_error_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert main(["jpeg"]) == 2
    assert capsys.readouterr().err == (
        "error: clang is missing; install it with `apt-get install clang`.\n"
    )
    for wrong in (["gif"], ["--input", "a"], ["jpeg", "--input", "a"], ["--runs", "many"]):
        with pytest.raises(SystemExit) as ending:
            main(wrong)
        assert ending.value.code == 2
        assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tests.fuzz", "tests.fuzz.coverage", "tests.fuzz.mutants"])
def test_each_command_has_help(command):
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: python -m {command} ")
