"""Check prose, docstrings, comments and messages against the rules in ``rules.toml``."""

# ruff: noqa: T201

import argparse
import subprocess
import sys
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
        help="files or folders; by default the whole repository",
    )
    paths = parser.parse_args().paths
    rules = read_rules()
    files = tracked(paths)
    if not files:
        parser.error(f"git tracks no file in {' '.join(paths)}")
    found = [line for file in files for line in findings(file, rules)]
    for line in found:
        print(line)
    return 1 if found else 0


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
