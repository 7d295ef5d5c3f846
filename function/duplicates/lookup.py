"""Buckets of the index in which an image is found: by its bytes, and by its perceptual hash.

Similar images are found by multi-probe LSH. The 64 bits of the hash are cut into three bands, and
images that agree in all bits of a band share a bucket. Re-encoding flips only the bits whose DCT
term was close to the median, so each band is looked up with its three least certain bits both ways.
That is 24 buckets, each with up to 100 million / 2^21 = 48 entries when there are 100 million
images. docs/duplicates.md has its recall, precision and cost.
"""

from itertools import chain, combinations
from typing import Final

from function.engine.results import HASH_BITS, Fingerprint

UNCERTAIN_BITS: Final = 3
"""Least certain bits of each band, which are looked up both ways."""

MAX_DISTANCE: Final = 8
"""Largest Hamming distance of a near duplicate; unrelated photos measured 16 or more, of 64."""

_BANDS: Final = (range(22), range(22, 43), range(43, HASH_BITS))


def probes(fingerprint: Fingerprint) -> list[str]:
    """Return the buckets to look up: each band with its least certain bits in all combinations."""
    value, margins = int(fingerprint.perceptual_hash, 16), fingerprint.margins
    buckets: list[str] = []
    for band, bits in enumerate(_BANDS):
        uncertain = sorted(bits, key=lambda bit: margins[bit])[:UNCERTAIN_BITS]
        subsets = chain.from_iterable(combinations(uncertain, n) for n in range(UNCERTAIN_BITS + 1))
        for flipped in subsets:
            mask = sum(1 << (HASH_BITS - 1 - bit) for bit in flipped)
            buckets.append(_near_bucket(value ^ mask, band))
    return buckets


def near_buckets(perceptual_hash: str) -> list[str]:
    """Return the buckets that similar images are looked for in: one of each band."""
    value = int(perceptual_hash, 16)
    return [_near_bucket(value, band) for band in range(len(_BANDS))]


def hamming_distance(one: str, other: str) -> int:
    """Return the number of bits in which two hashes differ; both are hex digits."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _near_bucket(value: int, band: int) -> str:
    mask = sum(1 << (HASH_BITS - 1 - bit) for bit in _BANDS[band])
    return f"near#{band}#{value & mask:016x}"


def exact_bucket(sha256: str) -> str:
    """Return the bucket of the uploads of the same bytes."""
    return f"sha256#{sha256}"
