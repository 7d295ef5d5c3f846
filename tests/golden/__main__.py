"""Compare this checkout with golden.json, or record it: ``python -m tests.golden [--record]``."""

# ruff: noqa: T201

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden.cases import (
    GOLDEN,
    ROOT,
    all_cases,
    compare,
    finish,
    picture_hashes,
    prepare,
    start,
)
from tests.golden.pictures import make_pictures

SECONDS = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write golden.json anew")
    parser.add_argument("--keep", type=Path, help="also write every stored object to this folder")
    options = parser.parse_args()
    pictures = make_pictures()
    with TemporaryDirectory() as scratch:
        folder = prepare(Path(scratch), pictures, all_cases(pictures))
        keep = ["--keep", str(options.keep.resolve())] if options.keep else []
        (results,) = finish([start([sys.executable], folder, ROOT, *keep)], seconds=SECONDS)
    recorded = json.loads(GOLDEN.read_bytes()) if GOLDEN.exists() else {"results": {}, "arm64": {}}
    golden = recorded | {"pictures": picture_hashes(pictures), "results": results}
    lines = compare(results, recorded["results"])
    print(*lines, sep="\n", end="\n" if lines else "")
    objects = sum(map(len, results.values()))
    print(
        f"{len(pictures)} pictures, {len(results)} cases, {objects} objects; {len(lines)} differ."
    )
    if not options.record:
        return 1 if lines else 0
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    print(f"Recorded in {GOLDEN.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
