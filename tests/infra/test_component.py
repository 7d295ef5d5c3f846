"""Every component is built alike: ``(name, args, opts)``, with only the arguments that it needs."""

import dataclasses
import inspect

import pytest

from pipeline.component import Component
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings

COMPONENTS = Component.__subclasses__()


def args_of(component: type[Component]) -> type:
    _self, name, args, opts = inspect.signature(component.__init__).parameters.values()
    assert (name.name, args.name.lstrip("_"), opts.name) == ("name", "args", "opts")
    assert opts.default is None
    return args.annotation


@pytest.mark.parametrize("component", COMPONENTS)
def test_it_takes_a_name_frozen_arguments_and_options(component):
    args = args_of(component)
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(args))


def test_the_pipeline_alone_takes_all_settings():
    taken = {
        component
        for component in COMPONENTS
        for type_ in (args_of(component), *(f.type for f in dataclasses.fields(args_of(component))))
        if type_ is Settings
    }
    assert taken == {ImagePipeline}
    assert len(COMPONENTS) == 22
