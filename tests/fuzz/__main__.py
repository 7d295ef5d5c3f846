"""Mutation fuzz of the image engine: ``python -m tests.fuzz [--cases 20000] [--resume]``.

Real files of each format are flipped, cut, spliced and stretched, and go the whole way of an
upload. A case may end in renditions or in a ``Rejected``; another exception, a crash, a hang or
memory past the cap is a failure, kept under ``.cache/fuzz``. Case n of a seed is always the same,
so a failure is repeated with ``--start n --cases 1``, and a long run goes on where it ended with
``--resume``.
"""

# ruff: noqa: T201

import argparse
import collections
import json
import random
import select
import subprocess
import sys
import time
import zlib
from pathlib import Path

FOLDER = Path(".cache/fuzz")
STATE = FOLDER / "state.json"
SECONDS = 10.0
MEMORY_MB = 256
"""Most that any number of cases may add to a worker's peak resident memory."""

MAX_PIXELS = 4_000_000
MENDED = 0.7
EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0")


def corpus():
    """Small real files of every format and of the kinds within it."""
    from tests.support.pictures import SVG, display_p3, encoded, gradient  # noqa: PLC0415

    photo, cutout = gradient((96, 64)), gradient((96, 64), "RGBA")
    more = [photo.rotate(90), photo.rotate(180)]
    moving = {"save_all": True, "append_images": more, "duration": 40}
    return [
        encoded(photo, "JPEG", icc_profile=display_p3()),
        encoded(photo, "JPEG", progressive=True, exif=exif()),
        encoded(photo.convert("CMYK"), "JPEG"),
        encoded(photo.convert("L"), "JPEG"),
        encoded(photo, "PNG", icc_profile=display_p3()),
        encoded(cutout, "PNG", exif=exif()),
        encoded(photo.quantize(32), "PNG"),
        encoded(gradient((96, 64), "I;16"), "PNG"),
        encoded(photo, "PNG", **moving),
        encoded(photo, "GIF", **moving),
        encoded(photo, "GIF"),
        encoded(photo, "WEBP", exif=exif()),
        encoded(cutout, "WEBP", lossless=True),
        encoded(photo, "WEBP", **moving),
        encoded(photo, "AVIF", exif=exif()),
        encoded(cutout, "AVIF"),
        encoded(photo, "HEIF"),
        encoded(cutout, "HEIF"),
        encoded(photo, "HEIF", tile_size=64),
        encoded(photo, "TIFF", exif=exif()),
        encoded(cutout, "TIFF", compression="tiff_lzw"),
        encoded(photo, "TIFF", compression="jpeg"),
        encoded(photo, "TIFF", compression="tiff_deflate"),
        encoded(photo, "BMP"),
        encoded(cutout, "QOI"),
        encoded(photo.quantize(16), "BMP"),
        SVG,
    ]


def exif():
    from PIL import Image  # noqa: PLC0415

    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x010E] = "a description"
    tags.get_ifd(0x8825)[1] = "N"
    return tags.tobytes()


def mutate(files, number, seed):
    """Case ``number``: one file, damaged once to eight times."""
    dice = random.Random(f"{seed}:{number}")
    data = bytearray(files[number % len(files)])
    for _ in range(dice.choice((1, 1, 1, 2, 8))):
        dice.choice((flip, flip, flip, poke, cut, drop, repeat, splice))(data, dice, files)
    return mend(bytes(data)) if dice.random() < MENDED else bytes(data)


def mend(data):
    """A damaged PNG with its checksums made right, so that the damage gets past them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    whole, at = data[:8], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(data):
            break
        sum_ = zlib.crc32(data[at + 4 : end])
        whole += data[at:end] + sum_.to_bytes(4, "big")
        at = end + 4
    return whole + data[at:]


def flip(data, dice, _files):
    for _ in range(dice.choice((1, 2, 16))):
        if data:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def poke(data, dice, _files):
    at = dice.randrange(min(len(data), 600) + 1)
    data[at : at + 4] = dice.choice(EXTREMES)


def cut(data, dice, _files):
    del data[dice.randrange(len(data) + 1) :]


def drop(data, dice, _files):
    at = dice.randrange(len(data) + 1)
    del data[at : at + dice.choice((1, 4, 64))]


def repeat(data, dice, _files):
    at = dice.randrange(len(data) + 1)
    data[at:at] = data[at : at + dice.choice((1, 16, 256))] * dice.choice((1, 3, 40))


def splice(data, dice, files):
    other = dice.choice(files)
    at = dice.randrange(len(other))
    start = dice.randrange(len(data) + 1)
    data[start : start + 64] = other[at : at + dice.choice((8, 64, 512))]


def work(seed):
    """Answer one case number a line with what became of it."""
    from function.engine.errors import Rejected, Worn  # noqa: PLC0415 - the parent needs none of it
    from function.engine.isolate import Isolation  # noqa: PLC0415
    from function.engine.renditions import Rendition  # noqa: PLC0415
    from function.engine.results import Fingerprint, Task  # noqa: PLC0415

    renditions = (
        Rendition(name="a", width=40, height=40, formats=("webp", "jpeg"), animated=True),
        Rendition(
            name="b", width=24, height=24, fit="cover", position="attention", formats=("jpeg",)
        ),
    )
    engine = Isolation(Task(renditions, MAX_PIXELS, 1024), most_bytes=32 << 20)

    def run(data):
        try:
            return list(engine.run(data))
        except Worn:
            return list(engine.run(data))

    files = corpus()
    base = 0.0
    for data in files:
        run(data)
        base = max(base, peak_mb(engine.processes[1]))
    for line in sys.stdin:
        try:
            results = run(mutate(files, int(line), seed))
            outcome = "rendered" if isinstance(results[-1], Fingerprint) else "nothing rendered"
        except Rejected as rejection:
            outcome = rejection.code
        except Exception as error:  # noqa: BLE001 - the finding itself
            outcome = f"! {type(error).__name__}: {error}"
        peak = peak_mb(engine.processes[1])
        if peak > base + MEMORY_MB:
            outcome = f"! memory grew by {peak - base:.0f} MB"
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


def peak_mb(process):
    """The most memory that a process had; 0 if it was replaced."""
    if process is None:
        return 0.0
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Worker:
    """A process that runs cases; started anew after it died or hung."""

    def __init__(self, seed):
        self.seed = seed
        self.case = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz", "--worker", "--seed", str(self.seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.deadline = time.monotonic() + 60

    def give(self, case):
        self.case = case
        try:
            self.process.stdin.write(f"{case}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return
        self.deadline = max(self.deadline, time.monotonic() + SECONDS)

    def answer(self):
        """Return the outcome of the case; start a new process if this one ended."""
        self.deadline = 0
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        outcome = f"! the process ended with {self.process.returncode}"
        self.start()
        return outcome

    def abandon(self):
        self.process.kill()
        self.process.wait()
        self.start()
        return f"! no answer within {SECONDS:.0f} s"


def run(options):
    """Hand out cases until all are done; 1 if any failed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    first = options.start
    if options.resume and STATE.exists():
        state = json.loads(STATE.read_text(encoding="utf-8"))
        if state["seed"] == options.seed:
            first = state["next"]
    cases = iter(range(first, first + options.cases))
    outcomes, failures = collections.Counter(), []
    began = time.monotonic()
    for case, outcome in results(options, cases):
        outcomes[outcome.split(":")[0]] += 1
        if outcome.startswith("!"):
            failures.append(keep(case, options.seed, outcome))
        if sys.stderr.isatty() and outcomes.total() % 100 == 0:
            sys.stderr.write(f"\r{outcomes.total()} of {options.cases} cases ")
    STATE.write_text(json.dumps({"seed": options.seed, "next": first + options.cases}))
    for outcome, count in outcomes.most_common():
        print(f"{count:8} {outcome}")
    print(
        f"{options.cases} cases from {first} in {time.monotonic() - began:.0f} s, "
        f"{len(failures)} failures"
    )
    return 1 if failures else 0


def results(options, cases):
    """Each case and what became of it, as the workers get through them."""
    workers = [Worker(options.seed) for _ in range(options.processes)]
    busy = [worker for worker in workers if give_next(worker, cases)]
    while busy:
        soonest = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
        ready, _, _ = select.select([w.process.stdout for w in busy], [], [], soonest + 0.05)
        for worker in list(busy):
            if worker.process.stdout in ready:
                yield worker.case, worker.answer()
            elif time.monotonic() > worker.deadline:
                yield worker.case, worker.abandon()
            else:
                continue
            if not give_next(worker, cases):
                busy.remove(worker)
    for worker in workers:
        worker.process.stdin.close()
        worker.process.wait()


def give_next(worker, cases):
    case = next(cases, None)
    if case is not None:
        worker.give(case)
    return case is not None


def keep(case, seed, outcome):
    path = FOLDER / f"{seed}-{case}.bin"
    path.write_bytes(mutate(corpus(), case, seed))
    print(f"case {case}: {outcome[2:]}; kept as {path}")
    return case


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--resume", action="store_true", help="go on where the last run ended")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.seed)
        return 0
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
