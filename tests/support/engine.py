"""Calls of the engine as most tests make them."""

import functools

import pytest

from function.engine import formats
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
from function.engine.work import work
from function.reconcile import Reconciler
from tests.support.pictures import opened

MAX_PIXELS = 1_000_000
SMALL = (Rendition(name="small", width=32, height=32, formats=("png",)),)


def in_process(environment):
    """The engine without its isolation: quicker to start, and open to monkeypatches."""
    return functools.partial(work, task=environment.task)


def reconciler_for(environment, source, destination, duplicates=None):
    return Reconciler.build(environment, source, destination, in_process(environment), duplicates)


def rejection(data, renditions=SMALL, **options):
    with pytest.raises(Rejected) as caught:
        decode(data, Task(renditions, **({"max_pixels": MAX_PIXELS} | options)))
    return caught.value.code


def every_kind():
    """Return the kinds of files of all formats, each of which has its own figures."""
    return [kind for known in formats.every() for kind in known.bytes_per_pixel]


def one(**fields):
    return Rendition(**({"name": "one", "width": 32, "height": 32, "formats": ("png",)} | fields))


def rendered(data, *renditions, **options):
    task = Task(renditions, 20_000_000, **options)
    return list(render(decode(data, task), task))


def picture_of(data, **fields):
    return opened(rendered(data, one(**fields))[0].body)
