"""Prove that the harnesses of the C code notice errors: ``python -m tests.fuzz.mutants``.

Each mutant is the C code with one error put in: mostly, a bounds check is taken out. Its harness
is built and run from the corpus; a mutant that survives means that the harness, or the corpus, is
too weak. The code of the repository stays as it is.
"""

# ruff: noqa: T201

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.coverage import explain, run
from tests.fuzz.targets import NATIVE, TARGETS, ToolError

EXECUTIONS = 100_000
"""Of each mutant at most; nearly all end while the corpus is run."""


@dataclass(frozen=True)
class Mutant:
    """One error: ``old`` occurs once in the file, and is replaced by ``new``."""

    target: str
    file: str
    old: str
    new: str

    def find(self) -> str | None:
        """Return the finding that the error leads to; None if it stays unnoticed.

        Raises:
            ToolError: clang is missing, or does not compile it.
        """
        target = TARGETS[self.target]
        with TemporaryDirectory() as scratch:
            native = Path(scratch, "native")
            shutil.copytree(NATIVE, native)
            source = (native / self.file).read_text(encoding="utf-8")
            if source.count(self.old) != 1:
                raise ToolError(f"{self.file} does not have {self.old!r} once: adapt the mutant.")
            (native / self.file).write_text(source.replace(self.old, self.new), encoding="utf-8")
            corpus = Path(scratch, "corpus")
            shutil.copytree(target.corpus, corpus)
            command = target.build(Path(scratch), native)
            limits = (f"-runs={EXECUTIONS}", "-seed=1", f"-artifact_prefix={scratch}/")
            is_clean, log = run(target, command, *limits, str(corpus))
        return None if is_clean else explain(target, log).strip().splitlines()[0]


MUTANTS = (
    # The end of the file, of a segment, of a table.
    Mutant("jpeg", "jpeg_decode.c", "segment.end - segment.next < MAX_CODE_LENGTH + symbols", "0"),
    Mutant("jpeg", "jpeg_decode.c", " || file.end - file.next < segment_length", ""),
    Mutant("jpeg", "jpeg_decode.c", "reader->end - next < 2 || ", ""),
    Mutant(
        "jpeg", "jpeg_decode.c", "        if (number >= TABLES) {", "        if (number > TABLES) {"
    ),
    Mutant("jpeg", "jpeg_decode.c", "i ? 1 : 2;", "i ? 1 : 4;"),
    Mutant("jpeg", "jpeg_decode.c", "decoder->has_dc_table >> component->dc_tbl_no & ", ""),
    Mutant("jpeg", "huffman_decode.c", "next_input_byte >= 8", "next_input_byte >= 7"),
    Mutant("jpeg", "huffman_decode.c", "next + 1 == reader->end || ", ""),
    Mutant("jpeg", "huffman_decode.c", "place == sizeof table->huffval || ", ""),
    Mutant("jpeg", "huffman_decode.c", "length > MAX_CODE_LENGTH", "length > MAX_CODE_LENGTH + 1"),
    Mutant("jpeg", "huffman_decode.h", "ZIGZAG_ENTRIES = 256", "ZIGZAG_ENTRIES = 192"),
    # The edge of a plane: written past, or not written.
    Mutant("jpeg", "idct.c", "room < columns ? room : columns", "columns"),
    Mutant("jpeg", "idct.c", "y + down < plane.height && ", ""),
    Mutant("jpeg", "idct.c", "room > 0", "room > 1"),
    Mutant("jpeg", "jpeg_decode.c", "mcu_row < mcu_rows;", "mcu_row < mcu_rows - (mcu_rows > 1);"),
    Mutant(
        "jpeg",
        "jpeg_decode.c",
        "x < component->plane.width &&",
        "x + 1 < component->plane.width &&",
    ),
    # The end of the scanlines, and each filter.
    Mutant("rows", "unfilter.c", "is_last ? (size_t)channels : sizeof pixel", "sizeof pixel"),
    Mutant("rows", "unfilter.c", "channels, x == width);", "channels, 0);"),
    Mutant("rows", "unfilter.c", "y > 0 && count > 1 &&", "y > 0 &&"),
    Mutant("rows", "unfilter.c", "y > 0 && count > 1 &&", "count > 1 &&"),
    Mutant("rows", "unfilter.c", "x <= width", "x < width"),
    Mutant("rows", "unfilter.c", "(to_left > to_upper_left)", "(to_left >= to_upper_left)"),
    Mutant(
        "rows", "unfilter.c", "(near.left + near.above) >> 1", "(near.left + near.above + 1) >> 1"
    ),
    # Rows that vectors read and write past, and which rows and coefficients belong together.
    Mutant("resample", "resample.c", "bytes + resampler->overrun >", "bytes >"),
    Mutant("resample", "resample.c", "(bytes + 31) / 32 * 32 + ROW_PADDING", "bytes"),
    Mutant("resample", "resample.c", "pixels = (width + 15) / 16 * 16", "pixels = width"),
    Mutant(
        "resample", "resample.c", "malloc((kernel_length + 1) / 2 *", "malloc(kernel_length / 2 *"
    ),
    Mutant("resample", "resample.c", "partner > i ? values[partner] : 0", "values[partner]"),
    Mutant("resample", "resample.c", "calloc(kernel_length,", "calloc(kernel_length - 1,"),
    Mutant("resample", "resample.c", "#define LOW_BITS 11", "#define LOW_BITS 16"),
    Mutant("resample", "kernel.c", "end_pixel > source ? source : end_pixel", "end_pixel"),
    Mutant("resample", "kernel.c", "first < 0 ? 0 : first", "first"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    survivors = 0
    for mutant in MUTANTS:
        try:
            finding = mutant.find()
        except ToolError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        survivors += finding is None
        outcome = finding or "SURVIVES"
        print(f"{mutant.file}: {mutant.old!r} -> {mutant.new!r}: {outcome}", flush=True)
    print(f"{len(MUTANTS) - survivors} of {len(MUTANTS)} errors were found.")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
