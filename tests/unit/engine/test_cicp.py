import numpy as np
import pytest

from function.engine.cicp import TO_SRGB, Cicp

WHITE = (0.3127, 0.3290)
SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
CHROMATICITIES = {  # ITU-T H.273, table 2
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


def to_xyz(primaries):
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    x, y = WHITE
    return columns * np.linalg.solve(columns, (x / y, 1, (1 - x - y) / y))


@pytest.mark.parametrize("primaries", CHROMATICITIES)
def test_matrices_are_those_of_the_primaries(primaries):
    exact = np.linalg.solve(to_xyz(SRGB), to_xyz(CHROMATICITIES[primaries]))
    assert np.abs(exact - TO_SRGB[primaries]).max() < 1e-4
    assert CHROMATICITIES.keys() == TO_SRGB.keys()


@pytest.mark.parametrize(
    ("primaries", "transfer", "is_hdr", "is_wide"),
    [(1, 13, False, False), (9, 16, True, True), (12, 18, True, True), (9, 1, False, True)],
)
def test_what_reaches_beyond_srgb(primaries, transfer, is_hdr, is_wide):
    codes = Cicp(primaries, transfer, 0, full_range=True)
    assert (codes.is_hdr, codes.is_wide) == (is_hdr, is_wide)


@pytest.mark.parametrize(
    ("primaries", "transfer", "is_known"),
    [
        *((primaries, 13, True) for primaries in (1, 9, 12)),
        *((9, transfer, True) for transfer in (1, 4, 6, 13, 14, 15, 16, 18)),
        *((1, transfer, False) for transfer in (0, 2, 5, 8, 17, 255)),
        *((primaries, 16, False) for primaries in (0, 2, 4, 11, 255)),
    ],
)
def test_code_points_that_the_engine_knows(primaries, transfer, is_known):
    assert Cicp(primaries, transfer, 0, full_range=True).is_known is is_known
