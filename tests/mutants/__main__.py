"""Change one line of a module at a time, and count how many of the changes its tests notice.

``modules.toml`` has the modules and their tests. Each runs in a copy of the working tree. A change
that no test could notice is listed in ``equivalent.toml`` with the reason.
"""

# ruff: noqa: T201

import argparse
import os
import sys
from pathlib import Path

from tests.mutants import report
from tests.mutants.modules import ROOT, read_equivalents, read_modules
from tests.mutants.runs import BaselineFailed, run

LEAST_PERCENT = 90
SURVIVORS = Path(".cache/mutants/survivors.diff")


def main() -> int:
    os.chdir(ROOT)
    modules = read_modules()
    parser = _parser([*modules])
    options = parser.parse_args()
    if unknown := {*options.modules} - {*modules}:
        parser.error(f"no such module: {', '.join(sorted(unknown))}; there is {', '.join(modules)}")
    if options.modules:
        modules = {name: modules[name] for name in options.modules}
    sample = None if options.all else options.sample
    jobs = options.jobs or os.cpu_count() or 1
    try:
        results = run(modules, sample=sample, seed=options.seed, jobs=jobs)
    except BaselineFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    equivalents = read_equivalents()
    SURVIVORS.parent.mkdir(parents=True, exist_ok=True)
    SURVIVORS.write_text(report.survivors(results, equivalents), encoding="utf-8")
    print(report.table(results, equivalents))
    print(f"Changes that no test noticed: {SURVIVORS}")
    mistaken = report.mistaken(results, equivalents)
    for file, old, new in mistaken:
        print(f"error: equivalent.toml lists what a test noticed: {file}: {old} -> {new}")
    is_enough = report.count(results, equivalents).percent >= LEAST_PERCENT
    return 0 if is_enough and not mistaken else 1


def _parser(names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"some of {', '.join(names)}")
    parser.add_argument("--sample", type=_count, default=30, help="changes of each module (30)")
    parser.add_argument("--all", action="store_true", help="every change, which takes hours")
    parser.add_argument("--seed", default="1", help="which changes the sample has (1)")
    parser.add_argument("--jobs", type=_jobs, help="how many at a time (auto: one for each CPU)")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be a number of 1 or more; got {text}")
    return int(text)


def _jobs(text: str) -> int | None:
    return None if text == "auto" else _count(text)


if __name__ == "__main__":
    sys.exit(main())
