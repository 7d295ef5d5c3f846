"""How well near duplicates are found: recall by kind of copy, and precision, on generated photos.

Each photo is uploaded, then its copies, through the function's own decoder, fingerprint and search;
only DynamoDB and S3 are in memory. A photo that is called a copy before any of its own copies came,
or a copy that is called another photo's, counts against precision.
"""

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageEnhance

from bench import machine
from bench.photos import encode, photo
from function.contract import Status, manifest_key
from function.duplicates.index import Entry, Index
from function.duplicates.search import MAX_DISTANCE, Duplicates, hamming_distance
from function.engine.decode import decode
from function.engine.fingerprint import fingerprint
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Fingerprint
from function.manifest import Manifest, SourceFacts, Timings
from function.storage.bucket import Bucket

SIZES: Final = ((800, 600), (600, 800), (960, 540), (700, 700))


def _resized(width: int) -> Callable[[Image.Image], bytes]:
    def make(image: Image.Image) -> bytes:
        size = (width, round(width * image.height / image.width))
        return encode(image.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=85)

    return make


def _cropped(
    left: float, top: float, right: float, bottom: float
) -> Callable[[Image.Image], bytes]:
    def make(image: Image.Image) -> bytes:
        box = (
            round(image.width * left),
            round(image.height * top),
            round(image.width * (1 - right)),
            round(image.height * (1 - bottom)),
        )
        return encode(image.crop(box), "JPEG", quality=85)

    return make


COPIES: Final[Mapping[str, Callable[[Image.Image], bytes]]] = {
    "JPEG, quality 50": lambda image: encode(image, "JPEG", quality=50),
    "WebP, quality 60": lambda image: encode(image, "WEBP", quality=60),
    "PNG, 64 colours": lambda image: encode(image.quantize(64), "PNG"),
    "400 pixels wide": _resized(400),
    "200 pixels wide": _resized(200),
    "15 % brighter": lambda image: encode(
        ImageEnhance.Brightness(image).enhance(1.15), "JPEG", quality=85
    ),
    "cropped 1 % on each side": _cropped(0.01, 0.01, 0.01, 0.01),
    "cropped 2 % on each side": _cropped(0.02, 0.02, 0.02, 0.02),
    "cropped 5 % on one side": _cropped(0.05, 0, 0, 0),
    "cropped 5 % on each side": _cropped(0.05, 0.05, 0.05, 0.05),
}


class _MemoryIndex(Index):
    """The table, in memory."""

    def __init__(self) -> None:
        self._buckets: dict[str, list[Entry]] = defaultdict(list)

    def find(self, buckets: Iterable[str]) -> list[Entry]:
        return [entry for bucket in buckets for entry in self._buckets.get(bucket, ())]

    def put(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._buckets[entry.bucket].append(entry)

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        pass


class _MemoryBucket(Bucket):
    """The destination bucket, in memory: manifests alone."""

    def __init__(self) -> None:
        self.manifests: dict[str, bytes] = {}

    def read(self, key: str) -> tuple[bytes, str] | None:
        return (self.manifests[key], "") if key in self.manifests else None


def register(commands: Any) -> None:
    """Add ``duplicates`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "duplicates", help="precision and recall of near duplicates", description=__doc__
    )
    parser.add_argument("--photos", type=int, default=300, metavar="N", help="default 300")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, and print a line for each kind of copy."""
    if options.photos < 1:
        raise machine.UsageError("--photos must be 1 or more.")
    figures = measure(options.photos)
    print(
        f"{'copy':26}{'bits apart: median':>19}{'p90':>5}{f'within {MAX_DISTANCE}':>11}{'found':>8}"
    )
    for name, row in figures["copies"].items():
        bits = f"{row['median']:>19.0f}{row['p90']:>5.0f}"
        print(f"{name:26}{bits}{row['within']:>11.1%}{row['found']:>8.1%}")
    print(
        f"{options.photos} photos, {figures['closest']} bits apart or more; "
        f"{figures['named']} called a copy, {figures['wrong']} wrongly: "
        f"precision {figures['precision']:.1%}, recall {figures['recall']:.1%}"
    )
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), **figures}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(photos: int) -> dict[str, Any]:
    """Upload ``photos`` originals, then every copy of each, and count what is said of them."""
    bucket = _MemoryBucket()
    duplicates = Duplicates(_MemoryIndex(), bucket, near=True, recipe="")
    originals: list[Fingerprint] = []
    found: dict[str, list[bool]] = {name: [] for name in COPIES}
    apart: dict[str, list[int]] = {name: [] for name in COPIES}
    wrong = 0
    with machine.Progress("photos", 2 * photos) as progress:
        for seed in range(photos):
            original = _look(encode(_photo(seed), "JPEG", quality=92))
            wrong += duplicates.find_near(str(seed), original) is not None
            manifest = _manifest(str(seed), original)
            bucket.manifests[manifest_key(str(seed))] = manifest.to_json()
            duplicates.record(str(seed), None, manifest)
            originals.append(original)
            progress.step()
        for seed in range(photos):
            image = _photo(seed)
            for name, make in COPIES.items():
                copy = _look(make(image))
                match = duplicates.find_near("copy", copy)
                right = match is not None and match.source.key == str(seed)
                wrong += match is not None and not right
                found[name].append(right)
                apart[name].append(
                    hamming_distance(copy.perceptual_hash, originals[seed].perceptual_hash)
                )
            progress.step()
    right = sum(map(sum, found.values()))
    hashes = [original.perceptual_hash for original in originals]
    pairs = (hamming_distance(a, b) for index, a in enumerate(hashes) for b in hashes[:index])
    return {
        "copies": {name: _row(found[name], apart[name]) for name in COPIES},
        "photos": photos,
        "closest": min(pairs, default=0),
        "named": right + wrong,
        "wrong": wrong,
        "precision": right / (right + wrong) if right + wrong else 0.0,
        "recall": right / (photos * len(COPIES)),
    }


def _row(found: list[bool], apart: list[int]) -> dict[str, float]:
    return {
        "median": statistics.median(apart),
        "p90": sorted(apart)[round(0.9 * (len(apart) - 1))],
        "within": sum(bits <= MAX_DISTANCE for bits in apart) / len(apart),
        "found": sum(found) / len(found),
    }


def _photo(seed: int) -> Image.Image:
    return photo(SIZES[seed % len(SIZES)], seed=seed)


def _look(data: bytes) -> Fingerprint:
    """What the function makes of an upload."""
    source = decode(data, DEFAULT_RENDITIONS, max_pixels=50_000_000, memory_mb=1024)
    return fingerprint(source)


def _manifest(name: str, look: Fingerprint) -> Manifest:
    return Manifest(
        status=Status.READY,
        source=SourceFacts(key=name, version_id=None, etag="", sequencer="", bytes=0, sha256=name),
        timings_ms=Timings(),
        processed_at="",
        perceptual_hash=look.perceptual_hash,
    )
