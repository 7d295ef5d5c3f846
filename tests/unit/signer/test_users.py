"""Users as part of keys: harmless, and no two alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.contract.keys import part_of_user, source_key
from signer.users import MAX_PART, part_of_key

LONG = "__" + "[0-9a-f]{64}"


@pytest.mark.parametrize(
    ("sub", "part"),
    [
        ("alice", "alice"),
        ("0b6f3a1c-7d8e-4f2a-9c1b-2e3d4f5a6b7c", "0b6f3a1c-7d8e-4f2a-9c1b-2e3d4f5a6b7c"),
        ("auth0|65f", "auth0_7c65f"),
        ("auth0_7c65f", "auth0_5f7c65f"),
        ("_index", "_5findex"),
        ("..", "_2e_2e"),
        ("a/b", "a_2fb"),
        ("é", "_c3_a9"),
        ("\ud800", "_ed_a0_80"),
        ("${filename}", "_24_7bfilename_7d"),
    ],
)
def test_a_user_becomes_one_harmless_part_of_a_key(sub, part):
    assert part_of_key(sub) == part


def test_a_part_that_would_be_too_long_is_a_digest():
    for length in (MAX_PART, MAX_PART + 1):
        assert part_of_key("a" * length) == part_of_user("a" * length)
    assert part_of_key("a" * MAX_PART) == "a" * MAX_PART
    assert re.fullmatch(LONG, part_of_key("a" * (MAX_PART + 1)))
    assert re.fullmatch(LONG, part_of_key("|" * 86))
    assert part_of_key("|" * 86) != part_of_key("|" * 87)


USERS = st.one_of(st.text(min_size=1), st.text("_|a75fc", min_size=1, max_size=8))


@given(st.one_of(USERS, st.text("|é", min_size=80, max_size=300), st.just("\ud800")))
def test_the_operators_commands_know_the_same_part(sub):
    assert part_of_user(sub) == part_of_key(sub)


@given(USERS, USERS)
def test_no_two_users_share_a_part(one, other):
    parts = part_of_key(one), part_of_key(other)
    assert (parts[0] == parts[1]) == (one == other)
    for part in parts:
        assert re.fullmatch("[A-Za-z0-9_-]{1,255}", part)
        assert not source_key(part).startswith("uploads/_index")
