"""The program is evaluated without the Pulumi CLI."""

from typing import Any

import pytest
from pulumi.runtime import Mocks
from pulumi.runtime.settings import get_monitor, get_root_resource

from local.program import evaluate
from pipeline.settings_checks import SettingsError
from terminal import Failure


class Named(Mocks):
    """Resources as they are, with their names as ids."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        return args.name, {}

    def call(self, args: Any) -> dict[str, Any]:
        raise AssertionError(args)


@pytest.mark.parametrize(
    ("memory", "error", "told"),
    [
        ({"secure": "v1:abc"}, Failure, r"memory in Pulumi\.dev\.yaml is encrypted"),
        (1, SettingsError, "memory must be 128 to 10240 MB"),
    ],
)
def test_a_stack_that_is_refused_leaves_neither_root_nor_mocks(memory, error, told):
    with pytest.raises(error, match=told):
        evaluate("dev", Named(), {"memory": memory})
    assert get_root_resource() is None
    assert get_monitor() is None
