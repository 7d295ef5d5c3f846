"""The bench's command line: ``python -m bench COMMAND``. A command is imported when it is run."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from cyclopts import App

from terminal import app, run

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "tune": (
        "bench.tune.command:tune",
        """Measure latency, memory and cost at each Lambda memory size.

        The function runs on this machine, held to each size's share of a CPU. Ctrl-C keeps what is
        done. docs/tune.md says how to read the report.""",
    ),
    "aws": (
        "bench.aws.command:aws",
        """Measure a clone of a deployed function: architecture, memory size, batch size.

        The clone has its own buckets, role and log; the deployed function is only read. Afterwards
        all of it is removed, also after Ctrl-C; --clean removes a clone that a killed process has
        left.""",
    ),
    "compare": (
        "bench.engines.command:compare",
        """Measure image engines side by side.

        CPU time, memory, bytes and quality (SSIMULACRA2 against a full decode and LANCZOS).
        In each round each engine does the same job once; a ratio is the median over the rounds.
        With --frontier: the bytes and CPU time that each encoder needs for a picture of equal
        quality, over 27 public pictures, which are fetched; takes half an hour.""",
    ),
    "load": (
        "bench.load.command:load",
        """Measure an upload storm on the embedded AWS and simulate larger ones on AWS.

        The measured storm is simulated too. Exit code 1 if the two are more than 30 % apart.""",
    ),
    "capacity": (
        "bench.capacity.command:capacity",
        """Say what a month's uploads and a burst need of AWS: concurrency, quotas, time, cost.

        Arithmetic over the stack's settings and AWS's documented limits; nothing is measured.""",
    ),
    "cost": (
        "bench.cost.command:cost",
        "Print the monthly bill by line, and which line is largest at which number of images.",
    ),
    "memory": (
        "bench.memory.command:memory",
        """Print the largest image that each Lambda memory size accepts, by kind of file.

        It measures nothing: the function computes these limits from measured figures.""",
    ),
    "accept": (
        "bench.accept.command:accept",
        """Prove a stack on your own AWS account, with a clone.

        Makes a second stack with the same settings, uploads to it, attacks it, and destroys it
        again; the stack itself is never touched. Stops at the first step that fails and prints how
        to clean up. docs/accept.md has the steps.""",
    ),
}
"""Name -> the function, and its help, whose first line is in the list of commands."""

MAINTAIN: Final[Mapping[str, str]] = {
    "corpus": """Process every file of a folder with the engine, and compare with plain Pillow.

        Exit code 1: the engine failed on a file, or calls one damaged that Pillow opens; or you
        ended it by Ctrl-C, which keeps what was done so far. Every other refusal is a limit or a
        format that is not supported (docs/errors.md).""",
    "duplicates": "Measure how well near duplicates are found: recall by kind of copy, precision.",
    "evidence": "Say for each stack with a measured memory size if the measurement still holds.",
    "hdr": """Compare renditions of Ultra HDR JPEGs with sharp's, which applies both gain maps.

        Exit code 1: a rendition is further from sharp's than 40 dB in PQ luma.""",
    "imports": "Measure the cold-start cost of the function's imports and of the usual libraries.",
    "isolation": "Measure the CPU time that isolation adds to an upload.",
    "limits": """Measure the memory and CPU time that a pixel of each kind of upload costs.

        Exit code 1 if a figure of the formats' files is below what was measured, or a kind was not
        measured.""",
    "oom": """Find the largest upload that each memory size survives, by killing the function.

        Exit code 1 if the function lets through what kills it. Takes half an hour, as root.""",
    "quality": """Test how well target qualities are met on public pictures, or fit the model again.

        Fetches 169 pictures, unless --pictures names your own, and 113 more for --refit. Exit code
        1: fewer than 95 % of the test pairs are within 3 points of their target, or they take more
        than 1.3 encodes in the mean.""",
}
"""Name, which is that of its module and function too -> its help."""


def command_line() -> App:
    """Return every command, none of them imported yet."""
    top = app("python -m bench", "Measures the function: engines, memory, latency, capacity, cost.")
    maintain = app("maintain", "Check the figures and limits that the function rests on.")
    for name, (path, description) in COMMANDS.items():
        top.command(path, name=name, help=description)
    for name, description in MAINTAIN.items():
        maintain.command(f"bench.maintain.{name}:{name}", name=name, help=description)
    top.command(maintain)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    return run(command_line(), arguments)


if __name__ == "__main__":
    sys.exit(main())
