"""``python -m bench maintain duplicates``: how well near duplicates are found.

Recall by kind of copy, and precision, on generated photos. Each is uploaded, then its copies,
through the function's own decoder, fingerprint and search; only DynamoDB and S3 are in memory. A
photo that is called a copy before any of its own copies came, or a copy that is called another
photo's, counts against precision.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cyclopts.types import PositiveInt
from PIL import Image, ImageEnhance

from bench import machine, reports
from bench.machine import Machine
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
from terminal import console, progress

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


@dataclass(frozen=True, kw_only=True)
class Copies:
    """One kind of copy.

    Attributes:
        median: bits between the hashes of a copy and its photo.
        p90: 90th percentile of them.
        within: share of copies whose hash is near enough.
        found: share of copies that were called their photo's.
    """

    median: float
    p90: float
    within: float
    found: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of each kind of copy, and of all.

    ``closest`` are the fewest bits between the hashes of two photos, ``named`` the uploads that
    were called a copy, ``wrong`` those of them that are none of the photo named.
    """

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    copies: dict[str, Copies]
    photos: int
    closest: int
    named: int
    wrong: int
    precision: float
    recall: float


def duplicates(*, photos: PositiveInt = 300, json: Path | None = None) -> None:
    """Measure, and print a line for each kind of copy.

    Args:
        photos: Number of photos.
        json: Write the figures to this file.
    """
    found = measure(photos)
    head = ("copy", "bits apart: median", "p90", f"within {MAX_DISTANCE}", "found")
    rows = [(name, *_cells(copies)) for name, copies in found.copies.items()]
    console().print(reports.table("Near duplicates", head, rows))
    console().print(
        f"{photos} photos, {found.closest} bits apart or more; {found.named} called a copy, "
        f"{found.wrong} wrongly: precision {found.precision:.1%}, recall {found.recall:.1%}",
        soft_wrap=True,
    )
    reports.write_json(json, found)


def _cells(copies: Copies) -> Sequence[str]:
    bits = f"{copies.median:.0f}", f"{copies.p90:.0f}"
    return (*bits, f"{copies.within:.1%}", f"{copies.found:.1%}")


def measure(photos: int) -> Result:
    """Upload ``photos`` originals, then every copy of each, and count what is found."""
    bucket = _MemoryBucket()
    search = Duplicates(_MemoryIndex(), bucket, near=True, recipe="")
    originals: list[Fingerprint] = []
    found: dict[str, list[bool]] = {name: [] for name in COPIES}
    apart: dict[str, list[int]] = {name: [] for name in COPIES}
    wrong = 0
    with progress("Uploading photos and their copies", 2 * photos) as advance:
        for seed in range(photos):
            original = _fingerprint(encode(_photo(seed), "JPEG", quality=92))
            wrong += search.find_near(str(seed), original) is not None
            manifest = _manifest(str(seed), original)
            bucket.manifests[manifest_key(str(seed))] = manifest.to_json()
            search.record(str(seed), None, manifest)
            originals.append(original)
            advance()
        for seed in range(photos):
            image = _photo(seed)
            for name, make in COPIES.items():
                copy = _fingerprint(make(image))
                match = search.find_near("copy", copy)
                is_right = match is not None and match.source.key == str(seed)
                wrong += match is not None and not is_right
                found[name].append(is_right)
                apart[name].append(
                    hamming_distance(copy.perceptual_hash, originals[seed].perceptual_hash)
                )
            advance()
    right = sum(map(sum, found.values()))
    hashes = [original.perceptual_hash for original in originals]
    pairs = (hamming_distance(a, b) for index, a in enumerate(hashes) for b in hashes[:index])
    return Result(
        copies={name: _copies(found[name], apart[name]) for name in COPIES},
        photos=photos,
        closest=min(pairs, default=0),
        named=right + wrong,
        wrong=wrong,
        precision=right / (right + wrong) if right + wrong else 0.0,
        recall=right / (photos * len(COPIES)),
    )


def _copies(found: list[bool], apart: list[int]) -> Copies:
    return Copies(
        median=statistics.median(apart),
        p90=sorted(apart)[round(0.9 * (len(apart) - 1))],
        within=sum(bits <= MAX_DISTANCE for bits in apart) / len(apart),
        found=sum(found) / len(found),
    )


def _photo(seed: int) -> Image.Image:
    return photo(SIZES[seed % len(SIZES)], seed=seed)


def _fingerprint(data: bytes) -> Fingerprint:
    """Return the fingerprint that the function takes of an upload."""
    source = decode(data, DEFAULT_RENDITIONS, max_pixels=50_000_000, memory_mb=1024)
    return fingerprint(source)


def _manifest(name: str, taken: Fingerprint) -> Manifest:
    return Manifest(
        status=Status.READY,
        source=SourceFacts(key=name, version_id=None, etag="", sequencer="", bytes=0, sha256=name),
        timings_ms=Timings(),
        processed_at="",
        perceptual_hash=taken.perceptual_hash,
    )
