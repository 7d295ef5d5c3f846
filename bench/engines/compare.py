"""Image engines side by side: CPU time, ratio, memory, bytes and quality, in one interleaved run.

Every engine runs in a process of its own. In each round each engine does the same job once, in
turn, so that a busy machine is busy for all; a ratio is the median of the ratios of each round.
Quality is the luma SSIM of the encoded output against a full decode resized with LANCZOS.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from bench import machine
from bench.engines import processes, report
from bench.engines.job import Job, Output
from bench.engines.ssim import ssim
from bench.photos import CACHE, SIZE_12_MP, encode, encode_heic, photo_jpeg
from function.engine.renditions import Fit, OutputFormat

ENGINES: Final = (
    "ours",
    "ours-whole",
    "pillow-naive",
    "pyvips-cascade",
    "pyvips-each",
    "sharp-cascade",
    "sharp-each",
    "opencv",
    "floor",
)
ROUNDS: Final = 9
SECONDS: Final = 8.0
"""CPU seconds after which a slow engine is measured no more on a task; three rounds at least."""

_FEWEST_ROUNDS: Final = 3
FOUR_SIZES: Final = (
    Output(width=1080, height=1080),
    Output(width=640, height=640),
    Output(width=320, height=320),
    Output(width=150, height=150, fit=Fit.COVER),
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the comparison: which upload, which outputs, which engines make sense."""

    name: str
    title: str
    source: str
    outputs: tuple[Output, ...]
    engines: tuple[str, ...] = tuple(e for e in ENGINES if e not in {"opencv", "floor"})


def _four(format_name: OutputFormat) -> tuple[Output, ...]:
    return tuple(replace(output, format=format_name) for output in FOUR_SIZES)


TASKS: Final = (
    Task(
        name="jpeg-to-four",
        title="JPEG to 1080, 640, 320 and a 150 square, JPEG q80",
        source="jpeg",
        outputs=FOUR_SIZES,
        engines=ENGINES,
    ),
    Task(
        name="sharp-task",
        title="sharp's own benchmark: JPEG to 720 x 588, JPEG q80",
        source="jpeg-6mp",
        outputs=(Output(width=720, height=588),),
        engines=ENGINES,
    ),
    Task(name="png-to-four", title="PNG to the four sizes", source="png", outputs=FOUR_SIZES),
    Task(name="webp-to-four", title="WebP to the four sizes", source="webp", outputs=FOUR_SIZES),
    Task(name="heic-to-four", title="HEIC to the four sizes", source="heic", outputs=FOUR_SIZES),
    Task(
        name="to-webp",
        title="JPEG to four WebP q80",
        source="jpeg",
        outputs=_four(OutputFormat.WEBP),
    ),
    Task(
        name="to-avif",
        title="JPEG to four AVIF q80",
        source="jpeg",
        outputs=_four(OutputFormat.AVIF),
    ),
)


@dataclass(kw_only=True)
class Result:
    """One engine on one task.

    Attributes:
        task: name of the task.
        engine: name of the engine.
        cpu_ms: median CPU time of one upload, all threads and child processes.
        ratio: median over the rounds of ours / this engine; below 1 ours is faster.
        peak_rss_mb: memory that one upload adds to a fresh process; None for the floor.
        bytes: size of all outputs together.
        ssim: mean luma SSIM of the outputs against full-decode LANCZOS, before encoding.
        ssim_each: the same by output, in the task's order.
        samples_ms: CPU time by round.
    """

    task: str
    engine: str
    cpu_ms: float = 0.0
    ratio: float = 0.0
    peak_rss_mb: float | None = None
    bytes: int = 0
    ssim: float = 0.0
    ssim_each: list[float] = field(default_factory=list[float])
    samples_ms: list[float] = field(default_factory=list[float])


def register(commands: Any) -> None:
    """Add ``compare`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "compare", help="image engines side by side", description=__doc__
    )
    parser.add_argument("--photo", type=Path, help="JPEG to measure with; default: one is made")
    parser.add_argument("--tasks", nargs="+", choices=[t.name for t in TASKS], metavar="TASK")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, metavar="ENGINE")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--install", action="store_true", help="install missing peers first")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write results and samples")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the table as a page")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print the table, write the files asked for."""
    if options.photo and not options.photo.is_file():
        raise machine.UsageError(f"There is no photo at {options.photo}.")
    if options.rounds < 1:
        raise machine.UsageError("--rounds must be 1 or more.")
    if options.install:
        processes.install()
    missing = processes.missing()
    for engine, sentence in missing.items():
        print(f"{engine} is left out: {sentence}")
    tasks = [t for t in TASKS if not options.tasks or t.name in options.tasks]
    results: list[Result] = []
    skipped: list[dict[str, str]] = []
    for task in tasks:
        wanted = [
            e
            for e in task.engines
            if e not in missing and (e == "ours" or not options.engines or e in options.engines)
        ]
        source = source_file(task.source, options.photo)
        done, failed = compare(task, source, wanted, options.rounds)
        results += done
        skipped += failed
    facts = {
        "schema": 1,
        "machine": machine.facts(),
        "photo": options.photo.name if options.photo else "made by bench.photos",
        "rounds": options.rounds,
        "results": [asdict(result) for result in results],
        "skipped": skipped + [{"engine": e, "why": why} for e, why in missing.items()],
    }
    print(report.text(tasks, results, facts))
    if options.json:
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if options.html:
        options.html.write_text(report.html(tasks, results, facts), encoding="utf-8")
    return 0


def compare(
    task: Task, source: Path, engines: Sequence[str], rounds: int
) -> tuple[list[Result], list[dict[str, str]]]:
    """Measure one task; engines that fail on it are returned apart, with the reason."""
    job = Job(source=str(source), outputs=task.outputs)
    results = {engine: Result(task=task.name, engine=engine) for engine in engines}
    skipped: list[dict[str, str]] = []
    original = _original(source)
    for engine in engines:
        error = _quality_and_memory(job, results[engine], original)
        if error:
            del results[engine]
            skipped.append({"task": task.name, "engine": engine, "why": error})
    with processes.Workers(results) as workers:
        _interleave(job, results, workers.ask, rounds, task.title)
    ours = results.get("ours")
    for result in results.values():
        result.cpu_ms = round(statistics.median(result.samples_ms), 1)
        if ours:
            pairs = zip(ours.samples_ms, result.samples_ms, strict=False)
            result.ratio = round(statistics.median(a / b for a, b in pairs), 3)
    return list(results.values()), skipped


def _interleave(
    job: Job,
    results: dict[str, Result],
    ask: Callable[[str, Job], dict[str, Any]],
    rounds: int,
    title: str,
) -> None:
    for engine in results:
        ask(engine, job)  # warm: imports, caches, first pages
    with machine.Progress(title, rounds) as progress:
        for _ in range(rounds):
            for engine, result in results.items():
                spent = sum(result.samples_ms) / 1000
                if spent < SECONDS or len(result.samples_ms) < _FEWEST_ROUNDS:
                    result.samples_ms.append(round(ask(engine, job)["cpu_ms"], 2))
            progress.step()


def _quality_and_memory(job: Job, result: Result, original: Image.Image) -> str | None:
    """One run in a fresh process, its outputs read back; the reason if it failed."""
    with tempfile.TemporaryDirectory() as folder, processes.Workers([result.engine]) as workers:
        answer = workers.ask(result.engine, replace(job, folder=folder))
        if "error" in answer:
            return str(answer["error"])
        if result.engine != "floor":  # its preparation holds pixels that it is not charged for
            result.peak_rss_mb = round(answer["peak_rss_mb"], 1)
        result.bytes = answer["bytes"]
        for index, wanted in enumerate(job.outputs):
            with Image.open(Path(folder) / str(index)) as output:
                reference = _reference(original, wanted, output.size)
                if reference is None:
                    return f"its output {index + 1} is {output.size[0]} x {output.size[1]}"
                result.ssim_each.append(round(ssim(reference, output), 4))
    result.ssim = round(statistics.mean(result.ssim_each), 4)
    return None


def _original(source: Path) -> Image.Image:
    """The upload decoded in full."""
    if source.suffix == ".heic":
        import_module("pillow_heif").register_heif_opener()
    with Image.open(source) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def _reference(original: Image.Image, wanted: Output, size: tuple[int, int]) -> Image.Image | None:
    """What the output should look like; None if its size is off by more than a pixel.

    A pixel is let pass, and the reference made at that size, because a cascade of libvips rounds
    each size from the one before; ours does not, and has a test for it.
    """
    fit = ImageOps.fit if wanted.fit == Fit.COVER else ImageOps.contain
    exact = fit(original, (wanted.width, wanted.height), Image.Resampling.LANCZOS)
    if exact.size == size:
        return exact
    if any(abs(a - b) > 1 for a, b in zip(exact.size, size, strict=True)):
        return None
    return original.resize(size, Image.Resampling.LANCZOS)


def source_file(kind: str, given: Path | None = None) -> Path:
    """The task's upload as a file: the photo given, or one that is made, in the task's format."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if kind.startswith("jpeg"):
        if given:
            return given
        size = SIZE_12_MP if kind == "jpeg" else (2725, 2225)
        photo_jpeg(size)
        return CACHE / f"{size[0]}x{size[1]}-7.jpg"
    stem = given.stem if given else "made"
    path = CACHE / f"{stem}.{kind}"
    if not path.exists():
        with Image.open(given or source_file("jpeg")) as image:
            path.write_bytes(_as(image.convert("RGB"), kind))
    return path


def _as(image: Image.Image, kind: str) -> bytes:
    if kind == "heic":
        return encode_heic(image)
    return encode(image, kind.upper(), **({"quality": 88} if kind == "webp" else {}))
