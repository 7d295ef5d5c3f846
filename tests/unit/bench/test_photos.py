from bench.photos import photo


def test_equal_seeds_make_equal_photos():
    assert photo((64, 48)).tobytes() == photo((64, 48)).tobytes()
    assert photo((64, 48)).tobytes() != photo((64, 48), seed=8).tobytes()
