"""Check prose, docstrings, comments and messages against the rules in ``rules.toml``."""

# ruff: noqa: T201

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.prose.rules import RULES, Rules, read_rules
from tests.prose.texts import texts


def main() -> int:
    """Print a line for each finding; return 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.prose", description=__doc__)
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files or folders; by default the whole repository, where findings in a folder "
        "that rules.toml lists as unclean are counted only",
    )
    paths = parser.parse_args().paths
    rules = read_rules()
    files = tracked(paths)
    if not files:
        parser.error(f"git tracks no file in {' '.join(paths)}")
    unclean: Counter[str] = Counter() if paths else Counter(dict.fromkeys(rules.unclean, 0))
    is_clean = True
    for file in files:
        found = findings(file, rules)
        if folder := next(filter(file.is_relative_to, unclean), None):
            unclean[folder] += len(found)
            continue
        for line in found:
            print(line)
            is_clean = False
    for folder, count in unclean.items():
        print(
            f"{folder}: {count} findings; `python -m tests.prose {folder}` lists them"
            if count
            else f"{folder} is clean now: take it out of `unclean` in {RULES}"
        )
    return 0 if is_clean else 1


def tracked(paths: list[str]) -> list[Path]:
    """Return the files below `paths`, by default all, that git tracks or would add."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *paths)
    answer = subprocess.run(listed, capture_output=True, check=True, text=True)
    files = {Path(name) for name in answer.stdout.split("\0") if name}
    return sorted(file for file in files if file.is_file() and file != RULES)


def findings(file: Path, rules: Rules) -> list[str]:
    """Return the lines to print for a file. Strings in tests are data, and are not read."""
    said = [text for text in texts(file) if text.kind != "message" or "tests" not in file.parts]
    found = {*rules.findings(said)}
    return [f"{file}:{line}: {description}" for line, description in sorted(found)]


if __name__ == "__main__":
    sys.exit(main())
