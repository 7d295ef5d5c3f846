"""Choose mutations: each changes one expression of a file, by an operator of Cosmic Ray's."""

import random
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec

from tests.mutants.meaning import changed_lines, changes_meaning, is_realistic
from tests.mutants.modules import Change


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """Cosmic Ray's description of a mutation, and how it reads."""

    spec: MutationSpec
    change: Change


def choose(paths: list[Path], *, sample: int | None, seed: str) -> list[Mutation]:
    """Return a mutation at each of ``sample`` random places; with None, all of all places.

    An operator such as + has up to five replacements, and a comparison the same. A sample of
    mutations in place of places would be made of little else.
    """
    with use_db(":memory:") as session:
        init(paths, session, {})
        specs = [spec for item in session.work_items for spec in item.mutations]
    specs = sorted((s for s in specs if is_realistic(s.operator_name)), key=_order)
    places = [list(at_place) for _, at_place in groupby(specs, key=_place)]
    dice = random.Random(seed)
    dice.shuffle(places)
    chosen: list[Mutation] = []
    for place in places:
        dice.shuffle(place)
        mutations = [mutation for spec in place if (mutation := _mutation(spec))]
        chosen += mutations if sample is None else mutations[:1]
        if len(chosen) == sample:
            break
    return chosen


def _place(spec: MutationSpec) -> tuple[object, ...]:
    return spec.module_path, spec.start_pos, spec.end_pos


def _order(spec: MutationSpec) -> tuple[object, ...]:
    return *_place(spec), spec.operator_name, spec.occurrence


def _mutation(spec: MutationSpec) -> Mutation | None:
    """Return the mutation; None if it cannot be made, or means the same."""
    original = spec.module_path.read_text(encoding="utf-8")
    operator = plugins.get_operator(spec.operator_name)()
    try:
        mutated = mutate_code(original, operator, spec.occurrence)
    except AttributeError:  # Cosmic Ray 8.7 counts `except (a.Error, …)`, but cannot change it
        return None
    if mutated is None or not changes_meaning(original, mutated):
        return None
    old, new = changed_lines(original, mutated)
    return Mutation(spec=spec, change=(spec.module_path.as_posix(), old, new))
