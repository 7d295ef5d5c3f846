"""Coding-independent code points (ITU-T H.273): numbers that define the colours of samples.

HEIC and AVIF have them as ``nclx``, PNG as ``cICP``.
"""

from typing import Final

from function.engine.record import Record

PQ: Final = 16  # transfer of SMPTE ST 2084: a code stands for a luminance in nits
HLG: Final = 18  # transfer of ARIB STD-B67, hybrid log-gamma: a code stands for light of the scene

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

TO_SRGB: Final[dict[int, Matrix]] = {
    # BT.2020, by ITU-R BT.2407, 2.2
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    # Display P3 (SMPTE EG 432-1), from the chromaticities of H.273, table 2
    12: ((1.2249, -0.2249, 0.0), (-0.0421, 1.0421, 0.0), (-0.0196, -0.0786, 1.0983)),
}
"""Matrices from linear light in primaries that reach beyond sRGB's to linear light in sRGB's."""

_LIKE_SRGB: Final = frozenset({1, 4, 6, 13, 14, 15})
"""Transfers that are taken for sRGB's: of BT.709, BT.601 and BT.2020, sRGB's own, and gamma 2.2."""


class Cicp(Record):
    """The code points of a picture's samples."""

    primaries: int
    transfer: int
    matrix: int  # decoders have applied it: the samples are RGB
    full_range: bool
    bits: int = 8  # bits of a sample in the file: decoders drop all but eight

    @property
    def is_hdr(self) -> bool:
        """Return True if samples may be brighter than the white of an ordinary screen."""
        return self.transfer in {PQ, HLG}

    @property
    def is_wide(self) -> bool:
        """Return True if samples may have colours that sRGB does not have."""
        return self.primaries in TO_SRGB

    @property
    def needs_mapping(self) -> bool:
        """Return True if samples are not sRGB's."""
        return self.is_hdr or self.is_wide

    @property
    def is_known(self) -> bool:
        """Return True if the engine can tell the colours: no code is another or unspecified."""
        primaries, transfers = {1, *TO_SRGB}, {PQ, HLG, *_LIKE_SRGB}
        return self.primaries in primaries and self.transfer in transfers
