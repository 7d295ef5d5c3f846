"""Records behave as the frozen dataclasses that they replace."""

import dataclasses
import pickle
import subprocess
import sys
from typing import NamedTuple

import pytest

from function.engine.record import Record


class Place(Record):
    name: str
    depth: int = 0


class Lake(Place):
    salty: bool = False
    inflows: tuple[Place, ...] = ()


@dataclasses.dataclass(frozen=True)
class PlainPlace:
    name: str
    depth: int = 0


@dataclasses.dataclass(frozen=True)
class PlainLake(PlainPlace):
    salty: bool = False
    inflows: tuple[PlainPlace, ...] = ()


class Pair(NamedTuple):
    place: type
    lake: type


RECORDS, DATACLASSES = Pair(Place, Lake), Pair(PlainPlace, PlainLake)


@pytest.mark.parametrize("kinds", [RECORDS, DATACLASSES])
def test_fields_are_given_by_order_or_name_and_inherited(kinds):
    lake = kinds.lake("Garda", 346, inflows=(kinds.place("Sarca"),))
    assert (lake.name, lake.depth, lake.salty) == ("Garda", 346, False)
    assert lake.inflows == (kinds.place(name="Sarca", depth=0),)


@pytest.mark.parametrize("kinds", [RECORDS, DATACLASSES])
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"depth": 1}),
        (("a",), {"name": "a"}),
        (("a",), {"width": 1}),
        (("a", 1, 2), {}),
    ],
    ids=["none", "missing", "twice", "unknown", "too-many"],
)
def test_wrong_fields_are_refused(kinds, values, named):
    with pytest.raises(TypeError):
        kinds.place(*values, **named)


def test_the_refusal_says_which_fields_are_wrong():
    with pytest.raises(TypeError, match=r"Place takes .*; wrong: \['name', 'width'\]"):
        Place(width=1)


@pytest.mark.parametrize("kinds", [RECORDS, DATACLASSES])
def test_equality_and_hash_are_of_the_class_and_all_fields(kinds):
    assert kinds.place("a") == kinds.place("a", 0) != kinds.place("a", 1)
    assert kinds.place("a") != kinds.lake("a")
    assert kinds.place("a") != ("a", 0)
    assert len({kinds.place("a"), kinds.place("a"), kinds.place("b")}) == 2


@pytest.mark.parametrize("kinds", [RECORDS, DATACLASSES])
def test_a_field_cannot_be_set(kinds):
    place = kinds.place("a")
    with pytest.raises(AttributeError):
        place.name = "b"
    assert place == kinds.place("a")


def test_a_copy_differs_in_what_is_replaced_alone():
    lake = Lake("Garda", 346, salty=True)
    assert lake.replace(depth=0) == Lake("Garda", 0, salty=True)
    assert lake == Lake("Garda", 346, salty=True)
    with pytest.raises(TypeError):
        lake.replace(width=1)


def test_plain_data_has_the_order_of_the_fields_and_reads_back():
    lake = Lake(inflows=(Place("Sarca"),), name="Garda")
    plain = lake.to_dict()
    assert plain == dataclasses.asdict(PlainLake("Garda", inflows=[PlainPlace("Sarca")]))
    assert list(plain) == ["name", "depth", "salty", "inflows"]
    assert Lake.from_dict(plain | {"inflows": lake.inflows, "of_a_newer_release": 1}) == lake


def test_a_record_shows_its_fields_and_is_pickled():
    place = Place("a", 1)
    assert repr(place) == "Place(name='a', depth=1)"
    assert pickle.loads(pickle.dumps(place)) == place


def test_a_rule_refuses_fields():
    class Deep(Place):
        def __post_init__(self):
            if self.depth < 100:
                raise ValueError(f"depth must be 100 or more; got {self.depth}")

    with pytest.raises(ValueError, match="got 1"):
        Deep("a", 1)
    with pytest.raises(ValueError, match="got 1"):
        Deep("a", 100).replace(depth=1)


def test_a_cold_start_imports_neither_dataclasses_nor_inspect():
    code = (
        "import sys, function.batch, function.environment, function.reconcile;"
        "print(sys.modules.keys() & {'dataclasses', 'inspect'})"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert found == "set()\n"
