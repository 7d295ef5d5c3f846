import pytest

from ops.console import human_age


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_ages_are_in_the_unit_people_use(seconds, text):
    assert human_age(int(seconds)) == text
