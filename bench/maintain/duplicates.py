"""``python -m bench maintain duplicates``: precision and recall of near duplicates.

Generated photos are uploaded, then ten kinds of copies of each, through the function's own decoder,
fingerprint and search; only DynamoDB and S3 are replaced, by dicts in memory. Recall is the share
of copies that are found. Two kinds of false positive lower the precision: a photo that is called a
copy before any copy of it was uploaded, and a copy that is matched with another photo than its own.
"""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cyclopts.types import PositiveInt
from PIL import Image, ImageEnhance

from bench import reports
from bench.maintain.result import Measured
from bench.photos import encode, photo
from function.contract import Status
from function.contract.keys import manifest_key
from function.duplicates.index import Entry, Index
from function.duplicates.search import MAX_DISTANCE, Duplicates, hamming_distance
from function.engine.decode import decode
from function.engine.fingerprint import fingerprint
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Fingerprint, Task
from function.manifest import Manifest, SourceFacts, Timings
from function.storage.bucket import Bucket
from terminal import console, counted, progress

SIZES: Final = ((800, 600), (600, 800), (960, 540), (700, 700))


def _jpeg(image: Image.Image) -> bytes:
    return encode(image, "JPEG", quality=85)


def _resized(image: Image.Image, width: int) -> bytes:
    size = (width, round(width * image.height / image.width))
    return _jpeg(image.resize(size, Image.Resampling.LANCZOS))


def _cropped(image: Image.Image, left: float, others: float) -> bytes:
    """Return a copy without these shares of the width and height on the left and other sides."""
    width, height = image.size
    box = (width * left, height * others, width * (1 - others), height * (1 - others))
    return _jpeg(image.crop(box))


COPIES: Final[Mapping[str, Callable[[Image.Image], bytes]]] = {
    "JPEG, quality 50": lambda image: encode(image, "JPEG", quality=50),
    "WebP, quality 60": lambda image: encode(image, "WEBP", quality=60),
    "PNG, 64 colours": lambda image: encode(image.quantize(64), "PNG"),
    "400 pixels wide": lambda image: _resized(image, 400),
    "200 pixels wide": lambda image: _resized(image, 200),
    "15 % brighter": lambda image: _jpeg(ImageEnhance.Brightness(image).enhance(1.15)),
    "cropped 1 % on each side": lambda image: _cropped(image, 0.01, 0.01),
    "cropped 2 % on each side": lambda image: _cropped(image, 0.02, 0.02),
    "cropped 5 % on one side": lambda image: _cropped(image, 0.05, 0),
    "cropped 5 % on each side": lambda image: _cropped(image, 0.05, 0.05),
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


@dataclass(frozen=True, kw_only=True)
class Copies:
    """One kind of copy."""

    median: float  # bits between the hashes of a copy and its photo
    p90: float  # 90th percentile of them
    within: float  # share of copies whose hash is within ``MAX_DISTANCE``
    found: float  # share of copies that were called their photo's


@dataclass(frozen=True, kw_only=True)
class Result(Measured):
    """The figures of each kind of copy, and of all."""

    copies: dict[str, Copies]
    photos: int
    closest: int  # fewest bits between the hashes of two photos
    named: int  # uploads that were called a copy
    wrong: int  # those of them that are no copy of the photo named
    precision: float
    recall: float


def duplicates(*, photos: PositiveInt = 300, json: reports.ReportFile = None) -> None:
    """Measure, and print a line for each kind of copy.

    Args:
        photos: Number of photos.
        json: Write the figures to this file.
    """
    found = measure(photos)
    head = ("copy", "bits apart: median", "p90", f"within {MAX_DISTANCE}", "found")
    rows = (
        (name, f"{kind.median:.0f}", f"{kind.p90:.0f}", f"{kind.within:.1%}", f"{kind.found:.1%}")
        for name, kind in found.copies.items()
    )
    console().print(reports.table("Near duplicates", head, rows))
    console().print(
        f"{counted(photos, 'photo')}, {found.closest} bits apart or more; {found.named} called a "
        f"copy, {found.wrong} wrongly: precision {found.precision:.1%}, recall {found.recall:.1%}",
        soft_wrap=True,
    )
    reports.write_json(json, found)


def measure(photos: int) -> Result:
    """Upload ``photos`` originals, then every copy of each, and count what is found."""
    bucket = _MemoryBucket()
    search = Duplicates(_MemoryIndex(), bucket, near=True, recipe="")
    hashes: list[str] = []
    found: dict[str, list[bool]] = {name: [] for name in COPIES}
    apart: dict[str, list[int]] = {name: [] for name in COPIES}
    wrong = 0
    with progress("Uploading photos and their copies", 2 * photos) as advance:
        for seed in range(photos):
            name, original = str(seed), _fingerprint(encode(_photo(seed), "JPEG", quality=92))
            wrong += search.find_near(name, original) is not None
            source = SourceFacts(
                key=name, version_id=None, etag="", sequencer="", bytes=0, sha256=name
            )
            manifest = Manifest(
                status=Status.READY,
                source=source,
                timings_ms=Timings(),
                processed_at="",
                perceptual_hash=original.perceptual_hash,
            )
            bucket.manifests[manifest_key(name)] = manifest.to_json()
            search.record(name, None, manifest)
            hashes.append(original.perceptual_hash)
            advance()
        for seed in range(photos):
            image = _photo(seed)
            for kind, make in COPIES.items():
                copy = _fingerprint(make(image))
                match = search.find_near("copy", copy)
                is_right = match is not None and match.source.key == str(seed)
                wrong += match is not None and not is_right
                found[kind].append(is_right)
                apart[kind].append(hamming_distance(copy.perceptual_hash, hashes[seed]))
            advance()
    right = sum(map(sum, found.values()))
    pairs = itertools.combinations(hashes, 2)
    return Result(
        copies={name: _copies(found[name], apart[name]) for name in COPIES},
        photos=photos,
        closest=min((hamming_distance(*pair) for pair in pairs), default=0),
        named=right + wrong,
        wrong=wrong,
        precision=right / (right + wrong) if right + wrong else 0.0,
        recall=right / (photos * len(COPIES)),
    )


def _copies(found: list[bool], apart: list[int]) -> Copies:
    return Copies(
        median=statistics.median(apart),
        p90=sorted(apart)[round(0.9 * (len(apart) - 1))],
        within=statistics.fmean(bits <= MAX_DISTANCE for bits in apart),
        found=statistics.fmean(found),
    )


def _photo(seed: int) -> Image.Image:
    return photo(SIZES[seed % len(SIZES)], seed=seed)


def _fingerprint(data: bytes) -> Fingerprint:
    """Return the fingerprint that the function takes of an upload."""
    source = decode(data, Task(DEFAULT_RENDITIONS, 50_000_000, memory_mb=1024))
    return fingerprint(source)
