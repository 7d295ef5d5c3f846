"""The parts of the engine that are fuzzed by coverage, each built as a program of libFuzzer."""

import importlib.util
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.readers import COMMAND

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "function" / "engine" / "native"

FLAGS = (
    *("-std=gnu11", "-fwrapv", "-ffp-contract=off", "-O2", "-g", "-Wall", "-Wextra"),
    *("-fsanitize=fuzzer,address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"),
    # Calls for each comparison take a third of the time, and the corpus has every marker already.
    "-fno-sanitize-coverage=trace-cmp",
    *(("-mavx2", "-mbmi", "-mbmi2") if platform.machine() == "x86_64" else ()),
)


class ToolError(Exception):
    """A tool that a target needs is missing or fails; the message is one sentence."""


@dataclass(frozen=True)
class Target:
    """One part, its harness, and what ``make fuzz`` runs of it."""

    name: str
    sources: tuple[str, ...]  # C files of the engine; none if the harness is tests/fuzz/readers.py
    executions: int
    longest: int  # bytes of an input
    options: tuple[str, ...] = ()

    @property
    def corpus(self) -> Path:
        return HERE / "corpus" / self.name

    def build(self, folder: Path, native: Path = NATIVE) -> list[str]:
        """Return the command of a program that takes libFuzzer's options.

        Raises:
            ToolError: clang or atheris is missing, or does not build it.
        """
        if not self.sources:
            if importlib.util.find_spec("atheris") is None:
                raise ToolError(
                    "atheris is missing; `make` installs it on Linux x86_64 "
                    "(requirements-dev.txt), and it has no wheels for anything else."
                )
            return [sys.executable, "-c", COMMAND]
        clang = shutil.which("clang")
        if clang is None:
            raise ToolError("clang is missing; install it with `apt-get install clang`.")
        program = folder / self.name
        parts = [str(HERE / f"{self.name}.c"), *(str(native / source) for source in self.sources)]
        command = [clang, *FLAGS, f"-I{native}", *parts, "-lm", "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = " ".join(done.stderr.split())[-300:]
            raise ToolError(f"clang does not build the harness {self.name}: {reason}")
        return [str(program)]


TARGETS = {
    target.name: target
    for target in (
        Target("jpeg", ("huffman_decode.c", "idct.c", "jpeg_decode.c"), 300_000, 4096),
        # An XML parser in C has no coverage, so inputs that reach more of it have to be kept.
        Target("readers", (), 6_000, 8192, ("-keep_seed=1",)),
        Target("resample", ("resample.c", "kernel.c"), 100_000, 512),
        Target("rows", ("unfilter.c",), 500_000, 2048),
    )
}
