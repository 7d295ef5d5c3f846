"""The engines' processes: which can run here, how to install the rest, how to ask them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.engines.job import Job, JobOutcome
from pipeline.environment import GLIBC_TUNABLES
from terminal import Failure

Ask = Callable[[str, Job], JobOutcome]
"""Has an engine do a job."""

FOLDER: Final = Path(".cache/peers")
"""Where sharp is installed; nothing of it is shipped or committed."""

_SHARP: Final = "sharp@0.35"
_MODULES: Final[Mapping[str, tuple[str, str]]] = {
    "pyvips-cascade": ("pyvips", "pyvips[binary]"),
    "pyvips-each": ("pyvips", "pyvips[binary]"),
    "opencv": ("cv2", "opencv-python-headless"),
    "encode-libvips": ("pyvips", "pyvips[binary]"),
}
_SHARP_ENGINES: Final = ("sharp-cascade", "sharp-each", "encode-sharp", "encode-mozjpeg")


def missing() -> dict[str, str]:
    """Return the engines that cannot run here, each with a sentence that says how to get it."""
    sentences: dict[str, str] = {}
    for engine, (module, package) in _MODULES.items():
        if importlib.util.find_spec(module) is None:
            sentences[engine] = f"install it with --install, or: pip install '{package}'"
    for engine in _SHARP_ENGINES:
        if shutil.which("node") is None:
            sentences[engine] = "it needs Node.js 20 or newer on the PATH"
        elif not (FOLDER / "node_modules" / "sharp").is_dir():
            command = f"npm install --prefix {FOLDER} {_SHARP}"
            sentences[engine] = f"install it with --install, or: {command}"
    return sentences


def install() -> None:
    """Install the peers that are missing.

    Raises:
        Failure: an installer failed; the message is its last line.
    """
    absent = missing()
    if packages := sorted({_MODULES[engine][1] for engine in absent if engine in _MODULES}):
        pip_install(packages)
    if shutil.which("npm") and any(engine in absent for engine in _SHARP_ENGINES):
        FOLDER.mkdir(parents=True, exist_ok=True)
        _install(["npm", "install", "--silent", "--prefix", str(FOLDER), _SHARP])
    importlib.invalidate_caches()


def pip_install(packages: Iterable[str]) -> None:
    """Install packages into this environment.

    Raises:
        Failure: pip failed; the message is its last line.
    """
    _install([sys.executable, "-m", "pip", "install", "--quiet", *packages])


@contextmanager
def started(engines: Iterable[str]) -> Generator[Ask]:
    """Start a process for each engine, for as long as the block runs; yield how to ask them.

    The answer of an engine that failed or died has an ``error``.
    """
    processes = {engine: _start(engine) for engine in engines}

    def ask(engine: str, job: Job) -> JobOutcome:
        process = processes[engine]
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("workers are started with pipes")
        try:
            process.stdin.write(job.to_line())
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return JobOutcome(**json.loads(line)) if line else JobOutcome(error="its process ended")

    try:
        yield ask
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def _start(engine: str) -> subprocess.Popen[str]:
    if engine in _SHARP_ENGINES:
        command = ["node", str(Path(__file__).with_name("sharp.mjs")), engine]
    else:
        command = [sys.executable, "-m", "bench.engines.worker", engine]
    # Every engine has the function's allocator settings, or the ratios would show those.
    environment = {
        **os.environ,
        "GLIBC_TUNABLES": GLIBC_TUNABLES,
        "VIPS_CONCURRENCY": "1",
        "PEERS": str(FOLDER.resolve()),
    }
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Failure(f"{command[0]} could not install {command[-1]}: {reason}")
